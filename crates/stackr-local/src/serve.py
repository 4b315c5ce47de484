"""Serves moto on 127.0.0.1 for stackr: takes a free port, prints it, and answers until killed.

It also ends when its standard input does, that is, when whoever started it is gone, however it
went. With --until-stopped, a line "stay" there ends that bond: it is sent once the emulator is
noted where others find it, so that none is ever lost.

With --forkable, POST /stackr-api/fork copies it with all that is in it, in milliseconds: the copy is a
child process that answers on a port of its own; the answer is that port and the process. A copy can be copied, and ends
by POST /stackr-api/end or when whoever started the first one is gone.

moto is imported as it is and then corrected where it is unlike AWS (corrections.py). It answers one request after the
other: its backends go through dictionaries while another thread adds to them, and then fail with an error of Python's.
"""

import gc
import os
import signal
import socket
import sys
import threading


class OneAtATime:
    """An application that answers one request after the other."""

    def __init__(self, app):
        self.app = app
        self.gate = threading.Lock()

    def __call__(self, environ, start_response):
        with self.gate:
            return list(self.app(environ, start_response))


class Forkable(OneAtATime):
    """An application that can be copied, between two requests, together with the process it runs in."""

    def __init__(self, app, serve):
        super().__init__(app)
        self.serve = serve
        self.copy = False
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody asks how a copy ended.

    def __call__(self, environ, start_response):
        if not environ["PATH_INFO"].startswith("/stackr-api/"):
            return super().__call__(environ, start_response)
        what = environ["PATH_INFO"].removeprefix("/stackr-api/")
        if what == "fork":
            answer = "%d %d" % self.fork()
        elif what == "end" and self.copy:
            threading.Timer(0.05, os._exit, [0]).start()  # By then this is answered.
            answer = ""
        else:
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
        return [answer.encode()]

    def fork(self):
        """Copies this process while no request is under way, and returns the copy's port and process."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        port = listener.getsockname()[1]
        with self.gate:
            child = os.fork()
        if child:
            listener.close()
            return port, child
        try:
            # Only this thread was copied, but the connections of all.
            for other in [thing for thing in gc.get_objects() if isinstance(thing, socket.socket)]:
                if other is not listener and other.fileno() >= 0:
                    os.close(other.detach())
            self.copy = True
            live_with_standard_input(may_stay=False)
            os.environ["MOTO_PORT"] = str(port)
            self.serve(self, listener)
        finally:
            os._exit(1)


def live_with_standard_input(may_stay):
    def wait():
        # Not by way of sys.stdin, whose lock a copy inherits from a thread that it does not have.
        said = b""
        while more := os.read(0, 64):
            said += more
            if may_stay and said.endswith(b"stay\n"):
                return
        os._exit(0)

    if may_stay:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # The terminal it was started from is closed.
    threading.Thread(target=wait, daemon=True).start()


def main():
    live_with_standard_input(may_stay="--until-stopped" in sys.argv[1:])

    import corrections
    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    corrections.make()

    def server(app, fd=None):
        return make_server("127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler, fd=fd)

    def serve(app, listener):
        with listener:
            copy = server(app, listener.fileno())
        copy.serve_forever()

    app = DomainDispatcherApplication(create_backend_app)
    app = Forkable(app, serve) if "--forkable" in sys.argv[1:] else OneAtATime(app)
    first = server(app)
    os.environ["MOTO_PORT"] = str(first.server_port)
    print(first.server_port, flush=True)
    os.dup2(2, 1)  # Nobody reads standard output from here on.
    first.serve_forever()


if __name__ == "__main__":
    main()
