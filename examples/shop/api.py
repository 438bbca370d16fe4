import os

import psycopg2
import redis
from fastapi import FastAPI

app = FastAPI()
queue = redis.Redis(port=int(os.environ["REDIS_PORT"]))


def query(text, *values):
    with psycopg2.connect("") as database, database.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()


@app.get("/health")
def health():
    return {"database": query("SELECT 1")[0][0] == 1, "queue": queue.ping()}


@app.post("/orders")
def order():
    [(number,)] = query("INSERT INTO orders DEFAULT VALUES RETURNING id")
    queue.rpush("orders", number)
    return {"order": number}


@app.get("/orders/{number}")
def state(number: int):
    [(state,)] = query("SELECT state FROM orders WHERE id = %s", number)
    return {"order": number, "state": state}
