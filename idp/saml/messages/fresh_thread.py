"""Work on XML from outside, in threads that end with it.

libxml2 keeps every name that a thread has read for as long as the thread lives, and strangers choose the names: they
could fill the memory (threat 15). A parser takes its names along into every thread that uses it, and of two threads at
one set of names each may miss what is there, a signature for one. So each document has a thread and a parser of its
own.
"""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def in_fresh_thread(work: Callable[[], _T]) -> _T:
    """What `work` answers or raises."""
    answers: list[_T] = []
    errors: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # it is raised where it was asked for
            errors.append(error)
        finally:
            done.release()

    # `threading.Thread` takes twice as long, for what nobody needs here.
    _thread.start_new_thread(run, ())
    done.acquire()
    if errors:
        raise errors.pop()
    return answers[0]
