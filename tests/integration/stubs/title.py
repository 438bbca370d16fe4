"""Overwrites this process's argument and environment area in place, as servers do that set their title (setproctitle, nginx, postgres):
afterwards /proc/PID/environ holds nothing that was there at exec time."""

import ctypes


def overwrite_title_area(title):
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    # Fields 48 to 51 of proc(5): arg_start, arg_end, env_start, env_end; the first field after the name is number 3.
    first, last = int(fields[45]), int(fields[48])
    text = title.encode()[: last - first - 1]
    ctypes.memset(first, 0, last - first)
    ctypes.memmove(first, text, len(text))
