"""The embedded servers, in real processes: started, shared, crashed, repaired and stopped."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.servers.checkouts import eventually, is_over
from tests.servers.conftest import copy_packages

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several people")
CYRILLIC = "SELECT lower('Ї'), show_trgm('Їжак') <> '{}', current_setting('server_encoding')"

LOCALES = (
    "SELECT DISTINCT datlocprovider, datlocale, pg_encoding_to_char(encoding) FROM pg_database"
)


def test_servers_run_while_used_and_are_gone_afterwards(make_checkout, person):
    checkout = make_checkout(person)
    use = checkout.use()
    assert use.redis_answers()
    assert use.query("SELECT current_setting('listen_addresses')") == [("",)]
    assert set(checkout.processes()) == {"postgres", "valkey-server", "keeper"}
    use.leave()
    assert set(checkout.processes()) <= {"keeper"}
    assert eventually(lambda: not checkout.processes())
    assert not (checkout.instance / "postgres" / "postmaster.pid").exists()
    assert "database system is shut down" in (checkout.instance / "postgres.log").read_text()


def test_the_second_start_is_quick_and_finds_the_data(make_checkout, me):
    checkout = make_checkout(me)
    use = checkout.use()
    use.query("CREATE TABLE kept AS SELECT 7 AS seven")
    use.leave()
    started = time.monotonic()
    again = checkout.use()
    assert time.monotonic() - started < 8
    assert again.query("SELECT seven FROM kept") == [(7,)]


def test_the_last_of_several_users_stops_the_servers(make_checkout, me):
    checkout = make_checkout(me)
    starting = [checkout.start() for _ in range(3)]
    first, second, third = [use.ready() for use in starting]
    assert first.urls == second.urls == third.urls
    first.leave()
    second.leave()
    assert third.redis_answers()
    assert third.query("SELECT 1") == [(1,)]
    third.leave()
    assert set(checkout.processes()) <= {"keeper"}


def test_killed_users_leave_no_servers_behind(make_checkout, person):
    checkout = make_checkout(person)
    first, second = checkout.use(), checkout.use()
    first.kill()
    assert second.query("SELECT 1") == [(1,)]
    second.kill()
    assert eventually(lambda: not checkout.processes())
    assert "database system is shut down" in (checkout.instance / "postgres.log").read_text()


def test_who_is_killed_while_starting_leaves_no_servers_behind(make_checkout, me):
    checkout = make_checkout(me)
    starting = checkout.start()
    assert eventually(lambda: "postgres" in checkout.processes())
    starting.kill()
    assert eventually(lambda: not checkout.processes())
    assert checkout.use().query("SELECT 1") == [(1,)]


def test_servers_left_by_a_crash_are_adopted(make_checkout, me):
    checkout = make_checkout(me)
    use = checkout.use()
    before = checkout.processes()
    before.pop("keeper").kill()
    use.kill()
    again = checkout.use()
    after = checkout.processes()
    assert {name: after[name].pid for name in before} == {
        name: process.pid for name, process in before.items()
    }
    assert again.redis_answers()
    again.leave()
    assert eventually(lambda: not checkout.processes())


def test_a_stale_pid_file_does_not_stop_the_start(make_checkout, person):
    checkout = make_checkout(person)
    use = checkout.use()
    pid_file = checkout.instance / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    owner = pid_file.stat()
    use.leave()
    # The number was given to another process of the same user meanwhile: the case PostgreSQL refuses by itself.
    bystander = subprocess.Popen(["sleep", "600"], user=owner.st_uid if os.geteuid() == 0 else None)
    try:
        pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]) + "\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        assert checkout.use().query("SELECT 1") == [(1,)]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_damaged_pid_file_does_not_stop_the_start(make_checkout, me):
    checkout = make_checkout(me)
    checkout.use().leave()
    for content in ("", "nonsense\n", "-1\n", "99999999999999999999\n"):
        (checkout.instance / "postgres" / "postmaster.pid").write_text(content)
        use = checkout.use()
        assert use.query("SELECT 1") == [(1,)], content
        use.leave()


def test_servers_killed_between_two_uses_recover(make_checkout, me):
    checkout = make_checkout(me)
    use = checkout.use()
    use.query("CREATE TABLE kept AS SELECT 7 AS seven")
    for name, process in checkout.processes().items():
        if name != "keeper":
            process.kill()
    use.kill()
    again = checkout.use()
    assert again.query("SELECT seven FROM kept") == [(7,)]
    assert again.redis_answers()


def test_servers_killed_in_use_are_started_again_at_the_same_address(make_checkout, me):
    checkout = make_checkout(me)
    use = checkout.use()
    use.query("CREATE TABLE kept AS SELECT 7 AS seven")
    for name in ("postgres", "valkey-server"):
        process = checkout.processes()[name]
        process.kill()
        assert eventually(lambda process=process: is_over(process))
    use.check()
    assert use.query("SELECT seven FROM kept") == [(7,)]
    assert use.redis_answers()


def test_a_first_start_killed_in_the_middle_is_begun_again(make_checkout, person):
    checkout = make_checkout(person)
    half_made = checkout.instance / "postgres.making" / "base"
    for _ in range(5):  # whoever looks too late on a busy machine finds it made
        starting = checkout.start()
        assert eventually(lambda: half_made.exists() or (checkout.instance / "postgres").exists())
        os.killpg(starting.process.pid, signal.SIGKILL)
        starting.process.communicate()
        if half_made.exists():
            break
        assert eventually(lambda: not checkout.processes())
        shutil.rmtree(checkout.instance)
    assert half_made.exists()
    assert checkout.use().query("SELECT 1") == [(1,)]
    assert not half_made.exists()


def test_a_data_directory_that_is_not_whole_is_set_aside_not_deleted(make_checkout, me):
    checkout = make_checkout(me)
    data = checkout.instance / "postgres"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    assert checkout.use().query("SELECT 1") == [(1,)]
    assert [found.name for found in checkout.instance.glob("postgres.broken-*/*")] == ["PG_VERSION"]


def test_data_of_another_version_are_refused_by_name(make_checkout, me):
    checkout = make_checkout(me)
    checkout.use().leave()
    (checkout.instance / "postgres" / "PG_VERSION").write_text("17\n")
    assert "written by PostgreSQL 17" in checkout.start().refused()


def test_two_checkouts_run_side_by_side(make_checkout, me):
    one, two = make_checkout(me, "one").use(), make_checkout(me, "two").use()
    one.query("CREATE TABLE mine AS SELECT 1 AS number")
    two.query("CREATE TABLE mine AS SELECT 2 AS number")
    assert one.query("SELECT number FROM mine") == [(1,)]
    assert two.query("SELECT number FROM mine") == [(2,)]
    assert one.urls["redis"] != two.urls["redis"]
    one.leave()
    assert two.redis_answers()


HOSTILE = (
    {"LANG": "C", "LC_ALL": "C"},
    {"LANG": "de_DE.ISO-8859-1", "LC_CTYPE": "nowhere", "TZ": "Asia/Tokyo", "TMPDIR": "/nowhere"},
    {"PGPORT": "1", "PGDATA": "/nowhere", "PGUSER": "root", "PGDATABASE": "nowhere"},
)


@pytest.mark.parametrize("environment", HOSTILE, ids=["LANG=C", "unknown locale", "PG variables"])
def test_the_environment_does_not_change_the_database(make_checkout, me, environment):
    use = make_checkout(me).use(**environment)
    assert use.query(CYRILLIC) == [("ї", True, "UTF8")]
    assert use.query("SHOW timezone") == [("UTC",)]
    assert use.query(LOCALES) == [("b", "C.UTF-8", "UTF8")]


def test_a_checkout_path_of_120_bytes_works(make_checkout, person, folder):
    length = 120 - len(str(folder)) - 1
    checkout = make_checkout(person, "x" * length)
    assert len(str(checkout.root)) == 120
    use = checkout.use()
    assert use.query("SELECT 1") == [(1,)]
    assert use.redis_answers()


@needs_root
def test_root_under_a_closed_home(make_checkout, me, folder):
    home = folder / "home"
    home.mkdir(mode=0o700)
    copy_packages(home / "packages")
    shared = Path("/var/lib/tresen")
    existed = shared.exists()
    checkout = make_checkout(me, below=home)
    checkout.packages = home / "packages"
    try:
        use = checkout.use()
        server = checkout.processes()["postgres"]
        assert server.uids().effective != 0
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert (checkout.instance / "postgres" / "PG_VERSION").exists()
        use.query("CREATE TABLE kept AS SELECT 7 AS seven")
        use.leave()
        assert checkout.use().query("SELECT seven FROM kept") == [(7,)]
    finally:
        checkout.end_everything()
        if not existed:
            shutil.rmtree(shared, ignore_errors=True)


def test_with_both_addresses_set_nothing_embedded_starts(make_checkout, me):
    checkout = make_checkout(me)
    use = checkout.use(DATABASE_URL="postgresql://u@db/crm", REDIS_URL="redis://cache/0")
    assert use.urls == {
        "database": "postgresql+psycopg2://u@db/crm",
        "owner": "postgresql+psycopg2://u@db/crm",
        "redis": "redis://cache/0",
    }
    assert not checkout.processes()
    assert {path.name for path in checkout.instance.iterdir()} == {"secrets.json"}


def test_with_one_address_set_only_the_other_server_starts(make_checkout, me):
    checkout = make_checkout(me)
    use = checkout.use(DATABASE_URL="postgresql://u@db/crm")
    assert use.redis_answers()
    assert set(checkout.processes()) == {"valkey-server", "keeper"}


@needs_root
def test_another_persons_instance_is_refused_with_a_sentence(make_checkout, ordinary):
    checkout = make_checkout(ordinary)
    checkout.instance.mkdir(mode=0o755)
    (checkout.instance / "secrets.json").write_text(json.dumps(_SECRETS))
    (checkout.instance / "secrets.json").chmod(0o644)
    assert "belongs to another user" in checkout.start().refused()


_SECRETS = {
    "secret_key": "k" * 40,
    "encryption_key": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
}


@needs_root
def test_an_ordinary_user_and_root_take_turns_in_one_checkout(make_checkout, ordinary, me):
    checkout = make_checkout(ordinary)
    checkout.use().leave()
    checkout.person = me
    use = checkout.use()
    assert use.query("SELECT 1") == [(1,)]
    use.leave()
    checkout.person = ordinary
    assert checkout.use().query("SELECT 1") == [(1,)]


def test_only_the_owner_can_reach_the_sockets(make_checkout, me):
    use = make_checkout(me).use()
    directory = Path(use.urls["redis"].removeprefix("unix://").partition("?")[0]).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(directory.parent.stat().st_mode) & 0o022 == 0


def test_test_servers_are_shared_and_deleted_by_the_last(folder):
    script = (
        "import sys; from pathlib import Path; from app.kit import servers\n"
        "with servers.test_server(Path(sys.argv[1])) as server:\n"
        "    print(server.superuser_url, flush=True); sys.stdin.read()\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, folder / "servers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
            text=True,
        )
        for _ in range(2)
    ]
    urls = {run.stdout.readline() for run in runs}
    assert len(urls) == 1
    runs[0].communicate()
    assert (folder / "servers" / "postgres").exists()
    runs[1].communicate()
    assert not (folder / "servers" / "postgres").exists()
