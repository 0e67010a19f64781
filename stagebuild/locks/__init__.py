"""
The lock file: which digest each base image had when somebody last looked.

Pure: text to values and back. Who looks is ``registry``; who builds by it is ``planning``.
"""

from stagebuild.locks.changes import Change, changes_between
from stagebuild.locks.lockfile import LOCK_FILE, lock_text, read_lock
from stagebuild.locks.values import Lock, LockedImage

__all__ = [
    "LOCK_FILE",
    "Change",
    "Lock",
    "LockedImage",
    "changes_between",
    "lock_text",
    "read_lock",
]
