"""Ask the service beside it whether it is ready: `python -m shared.runtime.healthcheck`, 0 when it is.

This is what a container's HEALTHCHECK runs, so the standard library has to do: the image has no other tools.
"""

import http.client
import os
import ssl
import sys

HERE = "127.0.0.1"


def main() -> int:
    """Return 0 when the service is ready; print one line and return 1 when it is not."""
    context = ssl.create_default_context(cafile=os.environ["ZVH_CA_FILE"])
    context.check_hostname = False  # the certificate has the name that others call it by
    asked = http.client.HTTPSConnection(HERE, int(os.environ["ZVH_HTTP_PORT"]), timeout=4, context=context)
    try:
        asked.request("GET", "/readyz")
        answer = asked.getresponse()
    except (OSError, http.client.HTTPException) as failed:
        print(f"{type(failed).__name__}")
        return 1
    print(answer.read().decode())
    return 0 if answer.status == http.HTTPStatus.OK else 1


if __name__ == "__main__":
    sys.exit(main())
