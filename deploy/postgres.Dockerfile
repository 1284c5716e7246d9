# PostgreSQL, as its official image has it: the entrypoint makes the cluster once, user 999.
ARG BASE
FROM ${BASE}
COPY root/ /
COPY --chown=999:999 data/ /var/lib/postgresql/
USER 999:999
# where the server is in the one base and in the other
ENV PATH=/opt/postgres/package/pginstall18/bin:/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/bin:/bin
ENV PGDATA=/var/lib/postgresql/18/docker
EXPOSE 5432
HEALTHCHECK --interval=2s --timeout=5s --start-period=60s --retries=15 CMD ["pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"]
# its fast shutdown: sessions end, the log is flushed
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
