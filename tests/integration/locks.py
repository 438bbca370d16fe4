"""The supervisor's lock in the hands of a test."""

import fcntl
import os
import struct


def hold_lock(path, text=""):
    """Takes the lock as another supervisor would, and writes what it says of itself; it ends with the file that is returned."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    file = open(path, "w+", encoding="utf-8")
    fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhxxxxqqixxxx", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    file.write(text)
    file.flush()
    return file
