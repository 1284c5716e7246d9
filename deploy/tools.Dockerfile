# What a house is provisioned with, and the issuer for demonstrations.
ARG BASE
FROM ${BASE}
COPY packages/ /opt/packages/
ENV PYTHONPATH=/opt/packages PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp
COPY shared/ /app/shared/
COPY deploy/ /app/deploy/
RUN ["python3", "-m", "compileall", "-q", "--invalidation-mode=unchecked-hash", "/app"]
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["python3", "-m"]
CMD ["deploy.provisioning", "make"]
