"""A mail server that plays a part line by line, for what a good one never says."""

import socket
import threading
from contextlib import contextmanager, suppress


@contextmanager
def playing(*answers, greeting=b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2] ready"):
    """Answer each command that begins with a word by a function of its line, else by OK.

    ``answers`` are pairs of a word and lines; ``TAG`` in a line is the command's, and ``BYE`` hangs up. Gives the port
    and the lines that were heard.
    """
    table = dict(answers)
    listening = socket.create_server(("127.0.0.1", 0))
    heard, calls = [], []

    def serve():
        while True:
            try:
                call, _ = listening.accept()
            except OSError:
                return
            calls.append(call)
            with suppress(OSError), call, call.makefile("rwb") as stream:
                _play(stream, table, heard, greeting)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1], heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        for call in calls:
            with suppress(OSError):
                call.shutdown(socket.SHUT_RDWR)
        thread.join(20)


def _play(stream, table, heard, greeting):
    def say(line):
        stream.write(line + b"\r\n")
        stream.flush()

    say(greeting)
    while line := stream.readline().strip():
        heard.append(line)
        tag, _, command = line.partition(b" ")
        if command.startswith(b"AUTHENTICATE"):
            say(b"+ ")
            heard.append(stream.readline().strip())
        word = next((each for each in table if command.startswith(each)), None)
        if command.startswith(b"CAPABILITY") and word is None:
            say(b"* " + greeting.partition(b"[")[2].partition(b"]")[0])
        for each in table.get(word, ()):
            if each == b"BYE":
                say(b"* BYE the server goes home")
                return
            say(each.replace(b"TAG", tag))
        if not any(b"TAG" in each for each in table.get(word, ())):
            say(tag + b" OK done")
        if command.startswith(b"LOGOUT"):
            return
