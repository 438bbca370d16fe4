import os

import psycopg2
import redis

queue = redis.Redis(port=int(os.environ["REDIS_PORT"]))
queue.ping()
print("waiting for orders")
while True:
    _, number = queue.blpop("orders")
    with psycopg2.connect("") as database, database.cursor() as cursor:
        cursor.execute("UPDATE orders SET state = 'shipped' WHERE id = %s", (int(number),))
    print("shipped order", int(number))
