"""Define which characters no text from outside may hold: PostgreSQL, Kafka headers or a log take them not.

Each is the inside of a character class, in escapes that regular expressions of JSON Schema, Python, Rust, Go
and Java have in common.
"""

CONTROL = r"\x00-\x1f\x7f-\x9f"  # C0, DEL and C1: NUL, tab and U+0085 are among them
CONTROL_BUT_LAYOUT = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # all but tab, line feed and carriage return
SURROGATES = "\ud800-\udfff"  # JSON can say one alone; no byte can (pydantic's own `str` takes none)
