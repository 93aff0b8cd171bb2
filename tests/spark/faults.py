"""A proxy of gRPC between Connect sessions and their server that does wrong when it is told to."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc

# What can go wrong with one call. "lost": the server has done all, and the answer does not come; "goes on": it is told as timed out while the
# server is at work.
KINDS = ("cut", "delay", "status", "lost", "goes on")
CODES = (grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNKNOWN)
# Calls refused after a fault: more than a client and one second try of ours wait out.
LONG = 8
_OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class Fault:
    """kind, on: "write" or the number of a call; more: how many calls after it are refused; code: for "status"."""

    def __init__(self, kind, on, more=0, code=CODES[0]):
        self.kind, self.on, self.more, self.code, self.fired = kind, on, more, code, False
        self.lasts = more
        self.at = None  # when the last call of it failed, by time.monotonic()

    @classmethod
    def any(cls, chance):
        kind = chance.choice(KINDS)
        on = "write" if chance.random() < 0.6 else chance.randrange(1, 12)
        return cls(kind, on, chance.choice((0, 0, 3, LONG)), chance.choice(CODES))

    def __repr__(self):
        return f"Fault({self.kind!r}, {self.on!r}, {self.lasts})"


def is_write(name, request):
    """Whether a call is the one that writes a table or files."""
    if name != "ExecutePlan":
        return False
    from pyspark.sql.connect.proto import ExecutePlanRequest

    command = ExecutePlanRequest.FromString(request).plan.command
    return command.HasField("write_operation") or command.HasField("write_operation_v2")


class FaultProxy(grpc.GenericRpcHandler):
    """proxy.port is where to connect. with proxy.having(fault): that goes wrong once meanwhile."""

    def __init__(self, port):
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_OPTIONS)
        self._server = grpc.server(ThreadPoolExecutor(32), handlers=[self], options=_OPTIONS)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._lock, self._fault, self._calls = threading.Lock(), None, 0
        self._server.start()

    def having(self, fault):
        return _Having(self, fault)

    def begin(self, fault):
        with self._lock:
            self._fault, self._calls = fault, 0

    def close(self):
        self._server.stop(0)
        self._channel.close()

    # -- calls

    def _does(self, name, request):
        """(what goes wrong with this call, None = nothing; the code that a gateway fails with)"""
        with self._lock:
            fault = self._fault
            self._calls += 1
            if fault is None:
                return None, None
            if not fault.fired:
                fault.fired = is_write(name, request) if fault.on == "write" else fault.on == self._calls
                return (fault.kind if fault.fired else None), fault.code
            fault.more -= 1
            return ("cut" if fault.more >= 0 else None), fault.code

    def _refuse(self, context, code, words):
        if self._fault is not None:
            self._fault.at = time.monotonic()
        context.abort(code, words)

    def _begun(self, name, request, context, call):
        """The server's answers to a call, unless it is not to come to that."""
        does, code = self._does(name, request)
        if does == "cut":
            self._refuse(context, grpc.StatusCode.UNAVAILABLE, "the connection was cut")
        if does == "status":
            self._refuse(context, code, "a gateway on the way failed")
        if does == "delay":
            time.sleep(random.uniform(0.1, 0.4))
        answers = call(request, metadata=[pair for pair in context.invocation_metadata() if not pair[0].startswith(("grpc-", "user-agent"))])
        if does == "goes on":
            threading.Thread(target=_drained, args=(answers,), daemon=True).start()
            time.sleep(0.05)
            self._refuse(context, grpc.StatusCode.DEADLINE_EXCEEDED, "the time of the call is over")
        if does == "lost":
            _drained(answers)
            self._refuse(context, grpc.StatusCode.UNAVAILABLE, "the connection was cut")
        return answers

    def service(self, details):
        name = details.method.rpartition("/")[2]

        def stream(request, context):
            call = self._channel.unary_stream(details.method)
            try:
                yield from self._begun(name, request, context, call)
            except grpc.RpcError as error:
                _pass_on(error, context)

        def one(request, context):
            call = self._channel.unary_stream(details.method)
            try:
                return next(iter(self._begun(name, request, context, call)))
            except grpc.RpcError as error:
                return _pass_on(error, context)

        def many(requests, context):
            return self._channel.stream_unary(details.method)(requests)

        if name in ("ExecutePlan", "ReattachExecute"):
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.stream_unary_rpc_method_handler(many) if name == "AddArtifacts" else grpc.unary_unary_rpc_method_handler(one)


def _drained(answers):
    try:
        for _ in answers:
            pass
    except grpc.RpcError:
        pass


def _pass_on(error, context):
    context.set_trailing_metadata(list(error.trailing_metadata() or ()))
    context.abort(error.code(), error.details())


class _Having:
    def __init__(self, proxy, fault):
        self.proxy, self.fault = proxy, fault

    def __enter__(self):
        self.proxy.begin(self.fault)
        return self.fault

    def __exit__(self, *ended):
        self.proxy.begin(None)
