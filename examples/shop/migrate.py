"""Applies the migrations in their order. Each may be applied again."""

import pathlib

import psycopg2

with psycopg2.connect("") as database, database.cursor() as cursor:  # PGHOST, PGPORT … say where
    for script in sorted(pathlib.Path("migrations").glob("*.sql")):
        cursor.execute(script.read_text(encoding="utf-8"))
        print("applied", script.name)
