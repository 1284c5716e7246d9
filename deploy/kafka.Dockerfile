# Apache Kafka, as its official image has it: libraries in /opt/kafka/libs, Java in /opt/java/openjdk, user 1000.
ARG BASE
FROM ${BASE}
COPY root/ /
COPY --chown=1000:1000 data/ /var/lib/kafka/data/
USER 1000:1000
EXPOSE 9092 9093
# bash, which both bases have, can open a connection itself; starting Java for it would cost a second each time
HEALTHCHECK --interval=5s --timeout=5s --start-period=60s --retries=6 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9092"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/opt/java/openjdk/bin/java"]
