"""Resolve Kafka's jars by Maven coordinate, and check each one against a hash in this repository."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jgo

COORDINATES = "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:1.7.36"
HASHES = Path(__file__).with_name("kafka-jars.sha256")


class WrongJar(Exception):
    """Raised with the jars that differ from the reviewed ones; nothing of them is run."""


def kafka_classpath() -> str:
    """Join all of `kafka_jars` to a Java class path."""
    return ":".join(str(jar) for jar in kafka_jars())


def kafka_jars() -> list[Path]:
    """Return the jars, from the home directory's Maven cache (0.2 s), or fetched into it (4 s)."""
    artifacts = jgo.resolve(COORDINATES)
    with ThreadPoolExecutor(8) as pool:
        jars = list(pool.map(lambda artifact: artifact.resolve(), artifacts))
    lines = (line.split() for line in HASHES.read_text().splitlines())
    expected = {name: digest for digest, name in lines}
    found = {jar.name: hashlib.sha256(jar.read_bytes()).hexdigest() for jar in jars}
    if found != expected:
        differing = sorted(name for name, _ in found.items() ^ expected.items())
        raise WrongJar(", ".join(dict.fromkeys(differing)))
    return jars
