"""Runs flows against real servers: many in flight, one bucket, kept connections (libcurl's multi interface).

    flow -> exchange (credentials, redirects) -> bucket -> wire -> answer -> again / hand over

One thread drives everything, so nothing here is locked but the door: threads that share a transport take turns. Which
answers are worth another try is decided in ``retrying``; this module only moves requests along.
"""

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Generator, Sequence
from typing import Any, Final, TypeVar

import pycurl

from tallystick.connectors.http.address import Hosts
from tallystick.connectors.http.auth import Authentication
from tallystick.connectors.http.curl import Wire
from tallystick.connectors.http.limits import REAL_TIMING, Bucket, Timing, retry_after
from tallystick.connectors.http.message import Request, Response
from tallystick.connectors.http.redirects import exchange
from tallystick.connectors.http.retrying import (
    TOO_MANY,
    Again,
    Tries,
    after_failure,
    after_response,
    quota_spent,
    throttled,
    wrong_answer,
)
from tallystick.connectors.http.told import speaks_of_limits, tell_meter, wait_when_spent
from tallystick.connectors.tunnel import Tunnel
from tallystick.core.error import Error, Throttled, Unsent
from tallystick.core.ports import Flow
from tallystick.core.quota import Meter
from tallystick.project.manifest import Limits, Network

T = TypeVar("T")
_LONGEST_LOOK: Final = 1.0  # seconds between two looks at sockets when nothing else is due
_NAP: Final = 0.002  # while names are looked up there is no socket to wait on
_OK: Final = 200


class HttpTransport:
    """A ``Transport`` for flows that yield ``Request`` and are sent ``Response``.

    At most ``limits.in_flight`` flows are under way; further ones start as others end.
    """

    def __init__(
        self,
        *,
        hosts: Hosts,
        auth: Authentication,
        limits: Limits,
        network: Network,
        proxy: str = "",
        tunnel: Tunnel | None = None,
        timing: Timing = REAL_TIMING,
    ) -> None:
        self.hosts = hosts
        self.auth = auth
        self.limits = limits
        self.timing = timing
        self.bucket = Bucket(limits.requests_per_second, limits.burst, adaptive=limits.adaptive)
        self._network = network
        self.expected = network.answers
        self._tunnel = tunnel
        self._proxy = tunnel.proxy if tunnel is not None else proxy
        self._idle: list[Wire] = []
        self._multi: Any = None
        self._turn = threading.Lock()
        self.meter: Meter | None = None

    def hold_against(self, meter: Meter) -> None:
        """Ask ``meter`` before each call from now on, and tell it what the system says is left of a day's calls."""
        self.meter = meter

    def run(self, flow: Flow[T]) -> T:
        """Run one flow to its end; raises what the flow raises."""
        [outcome] = self.run_all([flow])
        if isinstance(outcome, Error):
            raise outcome
        return outcome

    def run_all(self, flows: Sequence[Flow[T]]) -> Sequence[T | Error]:
        """Run several at once; one outcome each, in order. Errors of the tree are values here, all others raise."""
        return self.run_all_within(flows, float("inf"))

    def run_all_within(self, flows: Sequence[Flow[T]], seconds: float) -> Sequence[T | Error]:
        """Run several at once; a write whose turn comes later than in so many seconds is not sent: ``Unsent``."""
        until = self.timing.now() + seconds
        with self._turn:
            if self._tunnel is not None and (closed := self._tunnel.try_open()) is not None:
                return [closed] * len(flows)
            if self._multi is None:
                self._multi = pycurl.CurlMulti()
                self._multi.setopt(pycurl.M_MAXCONNECTS, self.limits.in_flight)
            return _Round(self, self._multi, flows, until).run()

    def close(self) -> None:
        """Close all connections. The transport opens new ones if it is used again."""
        with self._turn:
            while self._idle:
                self._idle.pop().close()
            if self._multi is not None:
                self._multi.close()
                self._multi = None
            if self._tunnel is not None:
                self._tunnel.close()

    def lend_wire(self) -> Wire:
        """Give a handle that is not in use."""
        return self._idle.pop() if self._idle else Wire(self._network, self._proxy, self.limits.response_bytes)

    def take_back(self, wire: Wire) -> None:
        """Keep a handle for the next request."""
        self._idle.append(wire)


class _Job:
    """One flow on its way, with the request it waits for."""

    __slots__ = ("exchange", "flow", "index", "request", "tries")

    def __init__(self, index: int, flow: Flow[Any]) -> None:
        self.index = index
        self.flow = flow
        self.exchange: Generator[Request, Response, Response] | None = None
        self.request = Request("GET", "")
        self.tries = Tries()


class _Round:
    """One call of ``run_all``."""

    def __init__(self, transport: HttpTransport, multi: Any, flows: Sequence[Flow[Any]], until: float) -> None:
        self._transport = transport
        self._until = until
        self._multi = multi
        self._timing = transport.timing
        self._outcomes: list[Any] = [None] * len(flows)
        self._fresh = deque(_Job(index, flow) for index, flow in enumerate(flows))
        self._ready: deque[_Job] = deque()
        self._later: list[tuple[float, int, _Job]] = []
        self._order = itertools.count()
        self._sent: dict[Any, tuple[Wire, _Job]] = {}
        self._sharing: dict[str, list[_Job]] = {}
        self._open: dict[int, _Job] = {}

    def run(self) -> list[Any]:
        """Run all flows to their ends."""
        try:
            while True:
                while self._fresh and len(self._open) < self._transport.limits.in_flight:
                    job = self._fresh.popleft()
                    self._open[job.index] = job
                    self._advance(job, None)
                if not self._open:
                    if self._fresh:
                        continue
                    return self._outcomes
                pause = self._send()
                if not self._collect():
                    self._rest(pause)
        finally:
            self._abandon()

    # --- flows ----------------------------------------------------------------------------------------------------

    def _advance(self, job: _Job, answer: Response | Error | None) -> None:
        """Give a flow its answer and take its next request, or its outcome."""
        while True:
            inner = job.exchange
            try:
                if isinstance(answer, Error):
                    asked = job.flow.throw(answer) if inner is None else inner.throw(answer)
                elif inner is None:
                    asked = job.flow.send(answer)
                else:
                    asked = next(inner) if answer is None else inner.send(answer)
            except StopIteration as end:
                if inner is None:
                    return self._end(job, end.value)
                job.exchange, answer = None, end.value
            except Error as error:
                if inner is None:
                    return self._end(job, error)
                job.exchange, answer = None, error
            else:
                if inner is None:
                    job.exchange = exchange(asked, self._transport.auth, self._transport.hosts)
                    answer = None
                else:
                    return self._enqueue(job, asked)

    def _end(self, job: _Job, outcome: Any) -> None:
        self._outcomes[job.index] = outcome
        del self._open[job.index]

    def _enqueue(self, job: _Job, request: Request) -> None:
        job.request = request
        job.tries = Tries()
        if request.share:
            waiting = self._sharing.get(request.share)
            if waiting is not None:
                waiting.append(job)
                return
            self._sharing[request.share] = []
        if request.after > 0:
            heapq.heappush(self._later, (self._timing.now() + request.after, next(self._order), job))
        else:
            self._ready.append(job)

    def _hand_over(self, job: _Job, answer: Response | Error) -> None:
        waiting = self._sharing.pop(job.request.share, ()) if job.request.share else ()
        for each in (job, *waiting):
            self._advance(each, answer)

    # --- sending --------------------------------------------------------------------------------------------------

    def _send(self) -> float:
        """Send what may go now; gives the seconds until more may go."""
        now = self._timing.now()
        bucket = self._transport.bucket
        is_late = now > self._until
        if is_late:
            self._recall_writes()
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        soonest = self._later[0][0] - now if self._later else float("inf")
        while self._ready:
            if is_late and not self._ready[0].request.is_safe:
                # It was never sent, or its last try took no effect; now it must not be sent any more.
                job = self._ready.popleft()
                self._hand_over(job, _too_late(job.request))
                continue
            pause = bucket.pause_left(now)
            if pause > self._transport.limits.longest_wait_seconds:
                job = self._ready.popleft()
                self._hand_over(job, throttled(pause, job.request.place))
                continue
            wait = bucket.wait(now)
            if wait > 0:
                return min(wait, soonest, self._left(now))
            if not self._is_within_quota(self._ready[0]):
                continue
            bucket.take(now)
            self._put_on_wire(self._ready.popleft())
        return min(soonest, self._left(now))

    def _is_within_quota(self, job: _Job) -> bool:
        """Count the call of a job that may be sent now, or tell the job that the day's quota is spent."""
        meter, request = self._transport.meter, job.request
        if meter is None:
            return True
        wait = meter.wait(can_wait=request.can_wait)
        if wait <= 0:
            meter.take()
            return True
        self._ready.popleft()
        is_kept = request.can_wait and meter.wait(can_wait=False) <= 0
        self._hand_over(job, quota_spent(wait, self._timing.wall(), request.place, is_kept=is_kept))
        return False

    def _left(self, now: float) -> float:
        """The seconds until writes that still wait are too late; without end where that passed or nothing waits."""
        waits = now <= self._until and (self._ready or self._later)
        return self._until - now + _NAP if waits else float("inf")

    def _recall_writes(self) -> None:
        """Let the writes that wait for another try come to their turn now, since it is too late for them."""
        self._ready.extend(job for _, _, job in self._later if not job.request.is_safe)
        self._later = [each for each in self._later if each[2].request.is_safe]
        heapq.heapify(self._later)

    def _put_on_wire(self, job: _Job) -> None:
        wire = self._transport.lend_wire()
        try:
            handle = wire.load(job.request.signed())
        except Error as error:
            self._transport.take_back(wire)
            self._hand_over(job, error)
            return
        self._sent[handle] = (wire, job)
        self._multi.add_handle(handle)

    def _rest(self, pause: float) -> None:
        """Wait for a socket, or for the time at which something may be sent."""
        if self._sent:
            own = self._multi.timeout()
            pause = min(pause, _LONGEST_LOOK, own / 1000 if own >= 0 else _LONGEST_LOOK)
            # Names are looked up beside this thread, without a socket that could be waited on.
            if self._multi.select(pause) < 0:
                self._timing.sleep(min(pause, _NAP))
        elif 0 < pause < float("inf"):
            self._timing.sleep(pause)

    # --- answers --------------------------------------------------------------------------------------------------

    def _collect(self) -> bool:
        """Take what has come; tells whether anything has."""
        if not self._sent:
            return False
        self._multi.perform()
        came = False
        left = 1
        while left:
            left, ended, failed = self._multi.info_read()
            for handle in ended:
                wire, job = self._take_off(handle)
                answer = wire.answer(job.request.url)
                self._transport.take_back(wire)
                self._judge(job, answer)
            for handle, code, text in failed:
                wire, job = self._take_off(handle)
                error = wire.failure(code, text)
                self._transport.take_back(wire)
                again = after_failure(job.request, error, job.tries, self._timing.jitter())
                self._repeat(job, again) if again else self._hand_over(job, error)
            came = came or bool(ended or failed)
        return came

    def _take_off(self, handle: Any) -> tuple[Wire, _Job]:
        self._multi.remove_handle(handle)
        return self._sent.pop(handle)

    def _judge(self, job: _Job, response: Response) -> None:
        timing, limits, bucket = self._timing, self._transport.limits, self._transport.bucket
        if job.request.reading is not None:
            response = job.request.reading(response)
        if response.status == TOO_MANY:
            bucket.refused(timing.now())
        else:
            bucket.accepted(timing.now())
        wrong = wrong_answer(job.request, response, self._transport.expected)
        if wrong is not None:
            self._hand_over(job, wrong)
            return
        wall = timing.wall()
        if speaks_of_limits(response.headers, limits.headers):
            tell_meter(self._transport.meter, response.headers, wall, limits.headers)
        elif response.status == _OK:
            self._hand_over(job, response)
            return
        spent = wait_when_spent(response.headers, wall, limits.headers)
        advised = retry_after(response.headers, wall)
        if advised is None and not response.succeeded:
            advised = spent
        verdict = after_response(
            job.request, response, job.tries, advised, limits.longest_wait_seconds, timing.jitter()
        )
        if isinstance(verdict, Throttled):
            self._pause(verdict.wait_seconds)
            self._hand_over(job, verdict)
        elif verdict is not None:
            if verdict.for_all:
                self._pause(verdict.wait)
            self._repeat(job, verdict)
        else:
            self._slow_down(response, advised, spent)
            self._hand_over(job, response)

    def _slow_down(self, response: Response, advised: float | None, spent: float | None) -> None:
        if advised is not None and not response.succeeded:
            self._pause(advised)
        elif spent is not None:
            # Only a refusal is proof that the quota is spent, so a far reset slows down but does not stop.
            self._pause(min(spent, self._transport.limits.longest_wait_seconds))

    def _pause(self, seconds: float) -> None:
        self._transport.bucket.pause(self._timing.now() + seconds)

    def _repeat(self, job: _Job, again: Again) -> None:
        job.tries.waited += again.wait
        heapq.heappush(self._later, (self._timing.now() + again.wait, next(self._order), job))

    def _abandon(self) -> None:
        """Drop what is still under way, when a flow raised something that is no error of the tree."""
        for handle, (wire, _) in self._sent.items():
            self._multi.remove_handle(handle)
            self._transport.take_back(wire)
        self._sent.clear()
        for job in (*self._open.values(), *self._fresh):
            if job.exchange is not None:
                job.exchange.close()
            job.flow.close()


def _too_late(request: Request) -> Unsent:
    return Unsent("its turn did not come in time", hint="it is sent again", place=request.place)
