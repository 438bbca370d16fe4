#!/usr/bin/env python3
"""A port allocator as generators commonly have one: SQLAlchemy on SQLite, all used ports are read, the first free ones of a grid are taken.

  orm_allocator.py DATABASE allocate MODEL FIRST_APP COUNT     allocations per second of each 500 on stdout
"""

import sys
import time

from sqlalchemy import Column, Integer, String, UniqueConstraint, create_engine, event
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import declarative_base, sessionmaker

Base = declarative_base()


class PortConfiguration(Base):
    __tablename__ = "port_configurations"
    __table_args__ = (UniqueConstraint("model", "app_number"),)
    id = Column(Integer, primary_key=True)
    model = Column(String(200), nullable=False, index=True)
    app_number = Column(Integer, nullable=False)
    backend_port = Column(Integer, nullable=False, unique=True)
    frontend_port = Column(Integer, nullable=False, unique=True)


class PortAllocator:
    def __init__(self, database):
        self.engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 30})

        @event.listens_for(self.engine, "connect")
        def durable(connection, _):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        Base.metadata.create_all(self.engine)
        self.sessions = sessionmaker(self.engine)

    def allocate(self, model, app):
        with self.sessions() as session:
            found = session.query(PortConfiguration).filter_by(model=model, app_number=app).first()
            if found is None:
                rows = session.query(PortConfiguration).all()
                found = PortConfiguration(model=model, app_number=app, backend_port=self.first_free(5001, {row.backend_port for row in rows}),
                                          frontend_port=self.first_free(8001, {row.frontend_port for row in rows}))
                session.add(found)
                session.commit()
            return found.backend_port, found.frontend_port

    @staticmethod
    def first_free(port, used):
        while port in used:
            port += 2
        return port


def main():
    allocator = PortAllocator(sys.argv[1])
    model, first, count = sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
    failures, begin = 0, time.monotonic()
    mark = begin
    for done in range(1, count + 1):
        while True:
            try:
                allocator.allocate(model, first + done - 1)
                break
            except (IntegrityError, OperationalError):  # somebody was faster
                failures += 1
        if done % 500 == 0:
            print(done, f"{500 / (time.monotonic() - mark):.0f}", flush=True)
            mark = time.monotonic()
    print("all", f"{count / (time.monotonic() - begin):.0f}", "retries", failures)


if __name__ == "__main__":
    main()
