"""Kill the forge with -9 at random instants and compare what the resumed runs make with what an unbroken one makes.

``make crash N=200 REAL=20`` · instants are seeded and uniform over the unbroken run; one in ten is aimed at the few
milliseconds in which files move into ``models/``, which chance alone would never meet.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from foundry_engine.artifact.files import ArtifactFiles  # noqa: E402
from foundry_engine.cli import console  # noqa: E402
from foundry_engine.folders import STAGE_FILE, STEP_OF  # noqa: E402

START, PROMOTE = "start", "promote"
PROMOTE_SECONDS = 0.06
"""About as long as four synced files take."""
TIMEOUT = 1200.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the unbroken run: it begins when ``before`` exists (``None``: with the process)."""

    task: str
    step: str
    before: tuple[str, ...] | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Unbroken:
    """The run all others are compared with: where it is, and how its time was spent."""

    blueprint: str
    tasks: Sequence[str]
    place: Path
    stretches: Sequence[Stretch]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return sum(stretch.seconds for stretch in self.stretches)


@dataclass
class Outcome:
    """What came of the kills; ``differences`` is empty when every resumed run equals the unbroken one."""

    kills: int = 0
    runs: int = 0
    where: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One line."""
        where = ", ".join(f"{step} {count}" for step, count in self.where.most_common())
        verdict = "every resumed run equals the unbroken one"
        if self.differences:
            verdict = f"{len(self.differences)} DIFFERENCES"
        return f"{self.kills} kills in {self.runs} runs ({where}): {verdict}"


def forge_unbroken(blueprint: Path | str, place: Path) -> Unbroken:
    """Forge once into ``place/runs`` and ``place/models``."""
    begun = time.monotonic()
    done = subprocess.run(_command(blueprint, place, "--json"), cwd=ROOT, capture_output=True, timeout=TIMEOUT)
    if done.returncode:
        raise SystemExit(f"the unbroken run failed with {done.returncode}:\n{done.stderr.decode()}")
    return unbroken(json.loads(done.stdout), place, time.monotonic() - begun)


def unbroken(said: dict[str, object], place: Path, seconds: float) -> Unbroken:
    """An unbroken run from what ``--json`` said of it."""
    name, steps = str(said["blueprint"]), said["steps"]
    assert isinstance(steps, list)
    folder_of = {step: name for name, step in STEP_OF.items()}
    stretches = [Stretch("", START, None, max(0.2, seconds - sum(row["seconds"] for row in steps)))]
    before: tuple[str, ...] | None = None
    for row in steps:
        task, step = row["task"], row["step"]
        stretches.append(Stretch(task, step, before, row["seconds"]))
        before = ("runs", name, task, folder_of[step], STAGE_FILE)
        if step == "verify":
            stretches.append(Stretch(task, PROMOTE, before, 0.0))
    return Unbroken(name, list(dict.fromkeys(row["task"] for row in steps)), place, stretches)


def crash(
    blueprint: Path | str,
    whole: Unbroken,
    kills: int,
    place: Path,
    *,
    seed: int = 0,
    each: tuple[int, int] = (1, 3),
    instants: Callable[[Random, Unbroken, int], list[tuple[Stretch, float]]] | None = None,
    told: Callable[[int], None] = lambda count: None,
) -> Outcome:
    """Kill runs until ``kills`` are made, ``each`` (least, most) a run, resume, and compare.

    ``instants`` chooses where; the default is uniform over the unbroken run's time. Folders of runs that differ are
    kept in ``place``, the others are removed.
    """
    random, outcome = Random(seed), Outcome()
    idle = 0
    while outcome.kills < kills and idle < 20:
        folder = place / f"run-{outcome.runs}"
        wanted = min(kills - outcome.kills, random.randint(*each))
        found: list[str] = []
        before = outcome.kills
        for stretch, seconds in (instants or uniform)(random, whole, wanted):
            if _killed(_command(blueprint, folder), folder, stretch, seconds, whole.stretches[0].seconds):
                outcome.kills += 1
                outcome.where[stretch.step] += 1
                told(1)
                found += [f"{where}, killed in {stretch.step}" for where in half_written(whole, folder / "models")]
        resumed = subprocess.run(_command(blueprint, folder), cwd=ROOT, capture_output=True, timeout=TIMEOUT)
        if resumed.returncode:
            found.append(f"the resumed run ended with {resumed.returncode}: {resumed.stderr.decode()[-500:]}")
        found += different(whole, folder)
        outcome.runs += 1
        idle = 0 if outcome.kills > before else idle + 1
        outcome.differences += [f"{folder.name}: {line}" for line in found]
        if not found:
            shutil.rmtree(folder)
    if outcome.kills < kills:
        outcome.differences.append(f"only {outcome.kills} of {kills} kills met a living process")
    return outcome


def uniform(random: Random, whole: Unbroken, count: int) -> list[tuple[Stretch, float]]:
    """Instants in the order of the run, uniform over its time; one in ten falls into a promotion."""
    chosen = []
    promotions = [i for i, stretch in enumerate(whole.stretches) if stretch.step == PROMOTE]
    for _ in range(count):
        if random.random() < 0.1:
            chosen.append((random.choice(promotions), random.uniform(0, PROMOTE_SECONDS)))
            continue
        at = random.uniform(0, whole.seconds)
        for i, stretch in enumerate(whole.stretches):
            if at < stretch.seconds or i == len(whole.stretches) - 1:
                chosen.append((i, at))
                break
            at -= stretch.seconds
    return [(whole.stretches[i], at) for i, at in sorted(chosen)]


def half_written(whole: Unbroken, models: Path) -> list[str]:
    """What is wrong in ``models/`` now: a file that is not the unbroken run's, or a ``.bin`` without its companions."""
    found = []
    for task in whole.tasks:
        here, there = ArtifactFiles(models, task), ArtifactFiles(whole.place / "models", task)
        for file, expected in zip(here.all(), there.all(), strict=True):
            if file.exists() and file.read_bytes() != expected.read_bytes():
                found.append(f"models/{file.name} is half-written")
            elif not file.exists() and here.preprocessor.exists():
                found.append(f"models/{file.name} is missing beside its .bin")
    return found


def different(whole: Unbroken, place: Path) -> list[str]:
    """Files of a finished run that the unbroken run has otherwise, or that only one of them has."""
    folders = ["models"]
    for task in whole.tasks:
        # Not the report: it tells the changes against models/, which a run resumed after its promotion has filled.
        folders += [f"runs/{whole.blueprint}/{task}/{name}" for name, step in STEP_OF.items() if step != "verify"]
        root = place / "runs" / whole.blueprint / task
        left = [path.name for path in root.glob("*") if path.suffix in (".new", ".old")]
        if left:
            return [f"left behind: {', '.join(sorted(left))}"]
    found = []
    for name in folders:
        ours, theirs = _contents(place / name), _contents(whole.place / name)
        found += [f"{name}/{file} differs" for file in sorted(ours.keys() & theirs) if ours[file] != theirs[file]]
        found += [f"{name}/{file} is only in one of them" for file in sorted(ours.keys() ^ theirs)]
    return found


def _killed(command: list[str], folder: Path, stretch: Stretch, seconds: float, start: float) -> bool:
    """Start, wait for the instant, kill the group; ``False`` when the process had ended before.

    ``start`` is what a process needs before its first step; it counts where the stretch begins with the process.
    """
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    sign = folder.joinpath(*stretch.before) if stretch.before else None
    waiting = sign is not None and not sign.exists()
    seconds += 0.0 if waiting or stretch.step == START else start
    while waiting and process.poll() is None:
        assert sign is not None
        waiting = not sign.exists()
        time.sleep(0.0005)
    until = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < until:
        time.sleep(min(0.002, max(0.0, until - time.monotonic())))
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive and process.returncode == -signal.SIGKILL


def _command(blueprint: Path | str, place: Path, *more: str) -> list[str]:
    options = ["--blueprint", str(blueprint), "--runs", str(place / "runs"), "--models", str(place / "models")]
    return [sys.executable, str(ROOT / "main.py"), *options, *more]


def _contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _campaign(title: str, blueprint: Path | str, kills: int, place: Path, seed: int, each: tuple[int, int]) -> bool:
    """One blueprint's kills, shown; whether all is well."""
    console.say(f"{title}: forging once, unbroken")
    whole = forge_unbroken(blueprint, place / "unbroken")
    bar = console.progress()
    bar.start(f"{title}: kills", kills)
    outcome = crash(blueprint, whole, kills, place, seed=seed, each=each, told=bar.advance)
    bar.finish()
    print(f"{title}: {outcome.summary()}", flush=True)
    for line in outcome.differences:
        print(f"  {line}")
    return not outcome.differences


def main() -> int:
    """Run the campaigns; 1 when anything differed, and then the folders are kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--small", type=int, default=200, metavar="N", help="kills on a small blueprint")
    parser.add_argument("--real", type=int, default=20, metavar="M", help="kills on text_classification")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="crash-"))
    well = True
    try:
        if options.small:
            blueprint = place / "urgency"
            subprocess.run([sys.executable, str(ROOT / "main.py"), "new", str(blueprint)], check=True, cwd=ROOT)
            well &= _campaign("small", blueprint, options.small, place / "small", options.seed, (1, 3))
        if options.real:
            well &= _campaign("real", "text_classification", options.real, place / "real", options.seed, (2, 5))
    except KeyboardInterrupt:
        console.say("interrupted")
        return 130
    finally:
        if well:
            shutil.rmtree(place, ignore_errors=True)
        else:
            console.say(f"kept for inspection: {place}")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
