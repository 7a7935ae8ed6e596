"""What is kept while the database is away: in order, whole, never lost."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.spool import Spool, SpoolInUse, spool_in
from storage.vault import Vault, generate_key

VAULT = Vault([generate_key()], generate_key())


def _all(spool: Spool) -> list[bytes]:
    return [record for _, record in spool.waiting()]


def test_records_come_back_in_order_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", VAULT)
    for record in (b"one", "اثنان".encode(), b""):
        spool.append(record)
    spool.close()
    spool = Spool(tmp_path / "spool", VAULT)
    assert _all(spool) == [b"one", "اثنان".encode(), b""]
    assert b"one" not in (tmp_path / "spool").read_bytes()
    spool.close()


def test_what_is_done_is_not_handed_out_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", VAULT)
    for record in (b"1", b"2", b"3"):
        spool.append(record)
    until, first = next(spool.waiting())
    assert first == b"1"
    spool.done(until)
    spool.close()
    spool = Spool(tmp_path / "spool", VAULT)
    assert _all(spool) == [b"2", b"3"]
    for until, _ in spool.waiting():
        spool.done(until)
    assert (len(spool), (tmp_path / "spool").stat().st_size) == (0, 0)
    spool.append(b"4")
    assert _all(spool) == [b"4"]
    spool.close()


@pytest.mark.parametrize("late", [False, True])
def test_what_is_appended_while_it_is_emptied_is_handed_out_too(tmp_path: Path, late: bool) -> None:
    spool = Spool(tmp_path / "spool", VAULT)
    spool.append(b"1")
    longer, seen = b"2" * 500, []
    for until, record in spool.waiting():
        seen.append(record)
        if record == b"1" and not late:
            spool.append(longer)
        spool.done(until)
        if record == b"1" and late:
            spool.append(longer)
    assert seen == [b"1", longer]
    assert len(spool) == 0
    spool.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=6), st.data())
def test_cut_off_anywhere_every_confirmed_record_before_the_cut_is_whole(
    records: list[bytes], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spool"
        spool, ends = Spool(path, VAULT), [0]
        for record in records:
            spool.append(record)
            ends.append(path.stat().st_size)
        spool.close()
        cut = data.draw(st.integers(0, ends[-1]))
        with path.open("r+b") as file:
            file.truncate(cut)
        spool = Spool(path, VAULT)
        whole = sum(end <= cut for end in ends[1:])
        assert _all(spool) == records[:whole]
        spool.append(b"after")
        assert _all(spool) == [*records[:whole], b"after"]
        torn = path.with_suffix(".torn")
        assert (torn.stat().st_size if torn.exists() else 0) == cut - ends[whole]
        spool.close()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.binary(max_size=8), st.sampled_from(["done", "restart"])), max_size=25))
def test_whatever_happens_it_hands_out_what_is_not_done(steps: list[bytes | str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, expected = Path(folder) / "spool", list[bytes]()
        spool = Spool(path, VAULT)
        for step in steps:
            if step == "restart":
                spool.close()
                spool = Spool(path, VAULT)
            elif step == "done":
                if expected:
                    until, record = next(spool.waiting())
                    assert record == expected.pop(0)
                    spool.done(until)
            elif isinstance(step, bytes):
                spool.append(step)
                expected.append(step)
            assert _all(spool) == expected
        spool.close()


def test_a_spool_is_held_by_one_process_and_a_full_one_is_taken_first(tmp_path: Path) -> None:
    first, second = spool_in(tmp_path, VAULT), spool_in(tmp_path, VAULT)
    second.append(b"left behind")
    with pytest.raises(SpoolInUse):
        Spool(tmp_path / "spool-0", VAULT)
    first.close()
    second.close()
    again = spool_in(tmp_path, VAULT)
    assert _all(again) == [b"left behind"]
    again.close()


def test_a_full_disk_confirms_nothing_and_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path / "spool", VAULT)
    spool.append(b"1")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            spool.append(b"2")
    spool.append(b"3")
    assert _all(spool) == [b"1", b"3"]
    spool.close()
