# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Many recordings: in local processes and on a Dask cluster, with workers that die."""

from __future__ import annotations

from collections.abc import Iterator
import os
from pathlib import Path
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from demo_bag import ROOT
from made_bags import demo_messages, read, SEEN, write_bag
import pytest

from face_affect.bags.batch.job import Job, JobResult, Options
from face_affect.bags.batch.processing import process_bag
from face_affect.bags.batch.runner import plan, run_local, run_on_cluster
from face_affect.bags.recordings.bag_reader import RecordingError
from face_affect.cli import main
from face_affect.signals import StopSignal

SECONDS = 60.0


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of three bags, one of them in a subfolder, and a text file."""
    path = tmp_path_factory.mktemp('many') / 'recordings'
    write_bag(path / 'a', demo_messages(range(90, 95)))
    write_bag(path / 'b', demo_messages(range(95, 100)), storage='sqlite3')
    write_bag(path / 'deeper' / 'c', demo_messages(range(100, 105)))
    (path / 'notes.txt').write_text('no recording')
    return path


def wait_for(condition: Any) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# Which recordings


def planned(inputs: list[Path], output: Path) -> list[tuple[str, str]]:
    return [
        (Path(job.source).name, str(job.output.relative_to(output)))
        for job in plan([str(each) for each in inputs], output, Options())
    ]


def test_a_folder_is_searched(folder: Path, tmp_path: Path) -> None:
    assert planned([folder], tmp_path) == [('a', 'a'), ('b', 'b'), ('c', 'deeper/c')]


def test_patterns_and_lists(folder: Path, tmp_path: Path) -> None:
    assert planned([folder / '[ab]'], tmp_path) == [('a', 'a'), ('b', 'b')]
    assert planned([folder / '**' / 'c'], tmp_path) == [('c', 'c')]
    assert planned([folder / 'b', folder / 'deeper'], tmp_path) == [('b', 'b'), ('c', 'c')]


def test_one_recording_is_the_output_itself(folder: Path, tmp_path: Path) -> None:
    assert planned([folder / 'a'], tmp_path) == [('a', '.')]


def test_two_of_the_same_name_are_refused(folder: Path, tmp_path: Path) -> None:
    write_bag(tmp_path / 'other' / 'a', demo_messages(range(2)))
    with pytest.raises(RecordingError, match='two recordings would be written to'):
        planned([folder / 'a', tmp_path / 'other' / 'a'], tmp_path)


@pytest.mark.parametrize(
    'name, reason',
    [
        ('no', 'no such file or folder'),
        ('*.bag', 'no such file or folder'),
        ('.', 'no recording found'),
    ],
)
def test_nothing_to_do(
    tmp_path: Path, name: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(['bag', str(tmp_path / name), '-o', str(tmp_path / 'out')]) == 2
    assert reason in capsys.readouterr().err


# On this machine


@pytest.mark.parametrize('workers', ['1', '2'])
def test_results_do_not_depend_on_the_number_of_workers(
    folder: Path, tmp_path: Path, workers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ['bag', str(folder), '-o', str(tmp_path / 'out'), '--workers', workers]
    assert main(command) == 0
    assert '3 of 3 recordings, 15 frames' in capsys.readouterr().err
    for name in ('a', 'b', 'deeper/c'):
        alone = tmp_path / 'alone' / Path(name).name
        assert process_bag(Job(str(folder / name), alone)).state == 'done'
        files = sorted(file.name for file in alone.iterdir())
        assert files == sorted(file.name for file in (tmp_path / 'out' / name).iterdir())
        assert all(
            (tmp_path / 'out' / name / file).read_bytes() == (alone / file).read_bytes()
            for file in files
        )
    assert main(command) == 0
    assert capsys.readouterr().err.count('skipped, 5 frames') == 3


def test_one_broken_recording_does_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_bag(tmp_path / 'in' / 'good', demo_messages(range(5)))
    (tmp_path / 'in' / 'bad.mcap').write_bytes(b'no bag')
    assert main(['bag', str(tmp_path / 'in'), '-o', str(tmp_path / 'out')]) == 1
    message = capsys.readouterr().err
    assert 'bad.mcap: File magic is invalid' in message
    assert [path.name for path in (tmp_path / 'out').iterdir()] == ['good']


@pytest.fixture
def slow_jobs(tmp_path: Path) -> list[Job]:
    """Return four jobs of a second or more."""
    source = write_bag(tmp_path / 'source', demo_messages(range(90, 110)))
    return [
        Job(str(source), tmp_path / 'out' / str(number), Options(pace=True)) for number in range(4)
    ]


def worker_pids() -> list[int]:
    """Return the ids of the worker processes, which any thread may have started."""
    numbers = [
        int(number)
        for path in Path('/proc/self/task').glob('*/children')
        for number in path.read_text().split()
    ]
    return [
        number for number in numbers if 'spawn_main' in Path(f'/proc/{number}/cmdline').read_text()
    ]


def started(jobs: list[Job]) -> list[Path]:
    return [
        job.output
        for job in jobs
        if list(job.output.parent.glob(f'.{job.output.name}.*.writing/{job.output.name}'))
    ]


def assert_all_done_once(outcomes: list[JobResult], jobs: list[Job]) -> None:
    assert sorted(outcome.job.output for outcome in outcomes) == [job.output for job in jobs]
    assert all(outcome.state in ('done', 'skipped') for outcome in outcomes), outcomes
    for job in jobs:
        assert len(read(job.output)) == len(SEEN)
    assert sorted(path.name for path in jobs[0].output.parent.iterdir()) == [
        job.output.name for job in jobs
    ]


def kill_when_started(jobs: list[Job], victims: Any) -> threading.Thread:
    """Kill a worker once it is at work; return the thread that does it."""

    def watch() -> None:
        wait_for(lambda: started(jobs))
        os.kill(next(iter(victims())), signal.SIGKILL)

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_recordings_of_a_killed_worker_are_given_to_others(slow_jobs: list[Job]) -> None:
    killer = kill_when_started(slow_jobs, worker_pids)
    outcomes = list(run_local(slow_jobs, 2, StopSignal()))
    killer.join(SECONDS)
    assert_all_done_once(outcomes, slow_jobs)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_a_signal_leaves_valid_bags(tmp_path: Path, number: signal.Signals) -> None:
    for name in ('a', 'b', 'c'):
        write_bag(tmp_path / 'in' / name, demo_messages(range(0, 255, 2)))
    output = tmp_path / 'out'
    command = [
        sys.executable,
        '-m',
        'face_affect.cli',
        'bag',
        str(tmp_path / 'in'),
        '-o',
        str(output),
        '--pace',
        '--workers',
        '2',
    ]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        text=True,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    ) as process:
        wait_for(lambda: len(list(output.glob('.*.writing/*/*.mcap'))) == 2)
        # As a terminal does: to all processes of the group
        os.killpg(process.pid, number)
        _, text = process.communicate(timeout=SECONDS)
    assert process.returncode == 128 + number, text
    assert 'Traceback' not in text
    assert text.count('interrupted') == 3
    for bag in output.iterdir():
        assert len(read(bag)) < 128
    assert not list(output.glob('.*'))


def test_other_users_cannot_give_work_to_the_local_workers(
    slow_jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip('distributed', reason='needs dask.distributed')
    clusters = []

    class Cluster(distributed.LocalCluster):  # type: ignore[misc, name-defined]
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            clusters.append(self)

    monkeypatch.setattr(distributed, 'LocalCluster', Cluster)
    running = run_local(slow_jobs, 2, StopSignal())
    first = next(running)
    port = clusters[0].scheduler_address.rpartition(':')[2]
    with pytest.raises(OSError):
        distributed.Client(f'tcp://127.0.0.1:{port}', timeout=2)
    own_keys = distributed.security.Security.temporary()
    with pytest.raises(OSError):
        distributed.Client(f'tls://127.0.0.1:{port}', timeout=2, security=own_keys)
    assert_all_done_once([first, *running], slow_jobs)


# On a cluster


@pytest.fixture(scope='module')
def cluster() -> Iterator[Any]:
    """Return two worker processes with a scheduler, all on this machine."""
    distributed = pytest.importorskip('distributed', reason='needs dask.distributed')
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        host='127.0.0.1',
        silence_logs=50,
    ) as cluster:
        yield cluster


def test_a_cluster_gives_the_same_results(
    folder: Path, tmp_path: Path, cluster: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        'bag',
        str(folder),
        '-o',
        str(tmp_path / 'out'),
        '--scheduler',
        cluster.scheduler_address,
    ]
    assert main(command) == 0
    assert '3 of 3 recordings, 15 frames' in capsys.readouterr().err
    assert process_bag(Job(str(folder / 'a'), tmp_path / 'alone' / 'a')).state == 'done'
    assert (tmp_path / 'out' / 'a' / 'a.mcap').read_bytes() == (
        tmp_path / 'alone' / 'a' / 'a.mcap'
    ).read_bytes()
    assert main(command) == 0
    assert capsys.readouterr().err.count('skipped, 5 frames') == 3


def test_a_killed_worker_loses_nothing_and_does_nothing_twice(
    slow_jobs: list[Job], cluster: Any
) -> None:
    killer = kill_when_started(
        slow_jobs, lambda: [worker.pid for worker in cluster.workers.values()]
    )
    outcomes = list(run_on_cluster(slow_jobs, cluster.scheduler_address, StopSignal()))
    killer.join(SECONDS)
    assert_all_done_once(outcomes, slow_jobs)


def test_a_scheduler_without_workers(folder: Path, tmp_path: Path) -> None:
    """The log names the missing workers; Ctrl-C ends the wait."""
    distributed = pytest.importorskip('distributed', reason='needs dask.distributed')
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=None, host='127.0.0.1', silence_logs=50
        ) as empty,
        subprocess.Popen(
            [
                *(sys.executable, '-um', 'face_affect.cli', 'bag', str(folder)),
                *('-o', str(tmp_path / 'out'), '--scheduler', empty.scheduler_address),
            ],
            cwd=ROOT,
            text=True,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        ) as process,
    ):
        assert process.stderr is not None
        assert process.stderr.readline() == (
            f'face-affect: connecting to scheduler {empty.scheduler_address}, timeout 30 s\n'
        )
        assert process.stderr.readline() == (
            f'face-affect: waiting for workers: scheduler {empty.scheduler_address} has none '
            '(0 of 3 recordings done); start some with `dask worker ADDRESS`, '
            'or stop with Ctrl-C\n'
        )
        process.send_signal(signal.SIGINT)
        _, text = process.communicate(timeout=SECONDS)
    assert process.returncode == 130, text
    assert text.count('interrupted') == 3 and 'Traceback' not in text
    assert not list((tmp_path / 'out').glob('**/*.mcap'))


def listening(pid: int) -> set[str]:
    """Return the addresses at which a process and its children listen, in the kernel's form."""
    pids = [pid] + [
        int(child)
        for path in Path(f'/proc/{pid}/task').glob('*/children')
        for child in path.read_text().split()
    ]
    sockets = {
        os.readlink(file)[8:-1]
        for each in pids
        for file in Path(f'/proc/{each}/fd').iterdir()
        if file.is_symlink() and os.readlink(file).startswith('socket:')
    }
    found = set()
    for name in ('tcp', 'tcp6'):
        for line in Path(f'/proc/{pid}/net/{name}').read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == '0A' and fields[9] in sockets:
                found.add(fields[1].split(':')[0])
    return found


def test_local_workers_are_reached_from_this_machine_only(slow_jobs: list[Job]) -> None:
    running = run_local(slow_jobs, 2, StopSignal())
    next(running)
    assert listening(os.getpid()) == {'0100007F'}  # 127.0.0.1
    assert len(list(running)) == 3


def test_several_recordings_need_distributed_and_one_does_not(
    folder: Path, tmp_path: Path
) -> None:
    code = (
        'import sys; sys.modules["distributed"] = sys.modules["dask"] = None\n'
        'from face_affect.cli import main; sys.exit(main(sys.argv[1:]))'
    )

    def bag(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, '-c', code, 'bag', *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    done = bag(str(folder), '-o', str(tmp_path / 'many'), '--workers', '2')
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        'face-affect: error: processing several recordings at once (--workers 1: one by one) '
        "needs distributed: pip install distributed, or in face_affect's folder "
        "pip install '.[cluster]'"
    )
    assert bag(str(folder), '-o', str(tmp_path / 'many'), '--workers', '1').returncode == 0
    assert bag(str(folder / 'a'), '-o', str(tmp_path / 'one')).returncode == 0


def test_no_scheduler_there(folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            '-c',
            'from face_affect.bags.batch import runner; runner.CONNECT_SECONDS = 1; '
            'import sys; from face_affect.cli import main; sys.exit(main(sys.argv[1:]))',
            'bag',
            str(folder),
            '-o',
            str(tmp_path / 'out'),
            '--scheduler',
            'tcp://127.0.0.1:9',
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith('face-affect: ')]
    assert lines[0] == 'face-affect: connecting to scheduler tcp://127.0.0.1:9, timeout 1 s'
    assert lines[1].startswith('face-affect: error: ') and '127.0.0.1:9' in lines[1]
