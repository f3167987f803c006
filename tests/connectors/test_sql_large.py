"""A large table is read in flat memory, and no page costs more for being far from the beginning."""

import re
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import psycopg
import pymysql
import pytest
from sqlalchemy import make_url

from tallystick.connectors.sql_listing import encode_position

ROWS = 200_000
READER = Path(__file__).parents[2] / "benchmarks" / "large_reads.py"
GROWTH_MB = 8  # allocators keep a little; the rows alone would be ten times as much
POSTGRES = f"""CREATE TABLE big AS SELECT n % 3 AS land, n AS id, 'customer number ' || n AS name, md5(n::text) AS note
  FROM generate_series(1, {ROWS}) n; ALTER TABLE big ADD PRIMARY KEY (land, id)"""
MARIADB = f"""CREATE TABLE big (land integer, id integer, name varchar(60), note char(32), PRIMARY KEY (land, id))
  AS SELECT seq % 3 AS land, seq AS id, concat('customer number ', seq) AS name, md5(seq) AS note
  FROM seq_1_to_{ROWS}"""


def read(url):
    """Read the table in a process of its own; give (rows so far, peak in MB) for each twentieth of it."""
    command = [sys.executable, str(READER), url, "big", "--key", "land,id", "--part", str(ROWS // 20)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    found = re.findall(r"([\d,]+) rows .* peak ([\d.,]+) MB", out)
    return [(int(rows.replace(",", "")), float(peak.replace(",", ""))) for rows, peak in found]


@pytest.mark.parametrize(("fixture", "script"), [("postgres_with", POSTGRES), ("mariadb_with", MARIADB)])
def test_memory_is_flat_while_a_large_table_is_read(request, fixture, script):
    told = read(request.getfixturevalue(fixture)(script))
    assert told[-1][0] == ROWS
    assert told[-1][1] - told[1][1] < GROWTH_MB


def test_a_page_far_from_the_beginning_is_found_by_the_key(postgres_with, open_sql):
    """PostgreSQL: what a page reads of a table is its own rows, wherever it stands."""
    url = postgres_with(POSTGRES)
    connector, transport = open_sql(url, {"big": {"id": "land,id"}})
    position = encode_position(["2", str(ROWS * 3 // 4)])
    with psycopg.connect(url, autocommit=True) as connection:
        before = _fetched(connection)
        page = transport.run(connector.read("big", None, position))
        transport.close()
        assert len(page.rows) == 1000
        while (after := _fetched(connection)) == before:
            connection.execute("SELECT pg_sleep(0.05)")
    assert after - before < 10_000


def _fetched(connection):
    row = connection.execute("SELECT idx_tup_read + seq_tup_read FROM pg_stat_user_tables t, LATERAL "
                             "(SELECT sum(idx_tup_read) AS idx_tup_read FROM pg_stat_user_indexes i "
                             "WHERE i.relid = t.relid) s WHERE t.relid = 'big'::regclass").fetchone()  # fmt: skip
    return row[0]


def test_mariadb_finds_a_page_far_from_the_beginning_by_the_key(mariadb_with, open_sql):
    """What the server's storage was asked for while one page was read."""
    url = mariadb_with(MARIADB)
    connector, transport = open_sql(url, {"big": {"id": "land,id"}})
    position = encode_position([2, ROWS * 3 // 4])
    at = make_url(url)
    with closing(pymysql.connect(host=at.host, port=at.port, user="tally", password="s3cret")) as connection:
        before = _asked(connection)
        page = transport.run(connector.read("big", None, position))
        assert len(page.rows) == 1000
        assert _asked(connection) - before < 10_000


def _asked(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(variable_value) FROM information_schema.global_status WHERE variable_name LIKE "
                       "'HANDLER_READ_%'")  # fmt: skip
        return cursor.fetchone()[0]
