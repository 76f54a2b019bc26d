"""`make bench`: from a bare Debian or Ubuntu to a running bench with a hub site and a client site.

Every step looks first whether it is done, so a run that was cut off goes on where it stopped and a second run is
quick. What varies comes from the environment:

    BENCH_DIR        where the bench is made                      ~/frappe-bench
    FRAPPE_SOURCE    git URL or local clone of Frappe 15          the official repository
    ERPNEXT_SOURCE   git URL or local clone of ERPNext 15         the official repository
    SITE_PASSWORD    password of Administrator on both sites      admin
"""

from __future__ import annotations

import fcntl
import getpass
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apps
import host
import services
import sites
import sources
from layout import CLIENT, HUB, OUR_APPS, SITES, Bench, BenchError, bench_from, command

# The last step runs this file when it exists, as `pair.py --bench DIR` with both sites up; it must be safe to repeat.
PAIR = Path(__file__).with_name("pair.py")
MARIADB_CONF = """\
# Written by scripts/bench/create.py for the MariaDB of this bench only.
[mariadbd]
datadir = {root}/mariadb
socket = {socket}
pid-file = {root}/config/pids/mariadbd.pid
log-error = {root}/logs/mariadb.log
init-file = {root}/config/mariadb-init.sql
bind-address = 127.0.0.1
port = {port}
character-set-client-handshake = FALSE
character-set-server = utf8mb4
collation-server = utf8mb4_unicode_ci
innodb-buffer-pool-size = 512M
max-allowed-packet = 64M
"""
REDIS_CONF = """\
bind 127.0.0.1
port {port}
dir {root}/config/pids
dbfilename {name}.rdb
"""
REDIS_CACHE_CONF = """\
save ""
maxmemory 512mb
maxmemory-policy allkeys-lru
"""
PROCFILE = """\
redis_cache: redis-server config/redis_cache.conf
redis_queue: redis-server config/redis_queue.conf
web: bench serve --port {web}
socketio: node apps/frappe/socketio.js
worker: bench worker --queue short,default,long
schedule: bench schedule
watch: bench watch
"""


def system_packages(bench: Bench) -> str:
    host.check_python()
    missing = host.missing_packages(bench)
    if missing:
        host.install_packages(bench, missing)
    host.check_node(bench)
    return f"installed {' '.join(missing)}" if missing else "all there"


def folders(bench: Bench) -> str:
    for path in (bench.sites / "assets", bench.apps, bench.logs, bench.pids):
        path.mkdir(parents=True, exist_ok=True)
    old = bench.config()
    if "db_port" in old:
        return f"ports {old['webserver_port']}, {old['db_port']}"
    ports = host.free_ports()
    bench.update_config(first_config(ports))
    write_service_configs(bench, ports)
    listed = bench.sites / "apps.txt"
    if not listed.exists():
        listed.write_text("frappe\nerpnext\n")
    return f"ports {ports['webserver_port']}, {ports['db_port']}"


def first_config(ports: dict[str, int]) -> dict[str, object]:
    cache, queue = (f"redis://127.0.0.1:{ports[name]}" for name in ("redis_cache", "redis_queue"))
    return {
        "admin_password": os.environ.get("SITE_PASSWORD") or "admin",
        "allow_tests": True,
        "background_workers": 2,
        "db_host": "127.0.0.1",
        "db_port": ports["db_port"],
        "db_type": "mariadb",
        "developer_mode": 1,
        "frappe_user": getpass.getuser(),
        "gunicorn_workers": 2,
        "live_reload": False,
        "redis_cache": cache,
        "redis_queue": queue,
        "redis_socketio": cache,
        "root_login": "root",
        "root_password": secrets.token_hex(12),
        "serve_default_site": True,
        "socketio_port": ports["socketio_port"],
        "webserver_port": ports["webserver_port"],
    }


def write_service_configs(bench: Bench, ports: dict[str, int]) -> None:
    config = bench.root / "config"
    password = bench.config()["root_password"]
    init = config / "mariadb-init.sql"
    init.touch(mode=0o600)
    # Read at every start, so the password in the bench's settings is always the one that holds.
    init.write_text(f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{password}';\n")
    text = MARIADB_CONF.format(root=bench.root, socket=mariadb_socket(bench), port=ports["db_port"])
    (config / "mariadb.cnf").write_text(text)
    for name, more in (("redis_cache", REDIS_CACHE_CONF), ("redis_queue", "")):
        text = REDIS_CONF.format(root=bench.root, name=name, port=ports[name]) + more
        (config / f"{name}.conf").write_text(text)
    (bench.root / "Procfile").write_text(PROCFILE.format(web=ports["webserver_port"]))


def mariadb_socket(bench: Bench) -> Path:
    inside = bench.pids / "mariadb.sock"
    # A socket's path may have about 107 characters.
    return inside if len(str(inside)) < 100 else Path("/tmp") / f"mariadb-{secrets.token_hex(6)}.sock"


def clones(bench: Bench) -> str:
    missing = [app for app in sources.SOURCES if not sources.is_cloned(bench, app)]
    for app in missing:
        sources.clone(bench, app)
    return f"cloned {' and '.join(missing)}" if missing else "already cloned"


def python_packages(bench: Bench) -> str:
    ready = sources.python_is_ready(bench)
    if not ready:
        sources.install_python(bench)
    sources.install_bench_command(bench)
    write_activate(bench)
    return "already installed" if ready else "installed"


def write_activate(bench: Bench) -> None:
    """For people: the bench command calls uv and yarn by name."""
    path = bench.root / "tools" / "activate"
    path.parent.mkdir(exist_ok=True)
    folders = [bench.root / "tools" / "bench" / "bin", bench.root / "tools" / "node_modules" / ".bin"]
    path.write_text(f'export PATH="{folders[0]}:{folders[1]}:$PATH"\n')


def node_packages(bench: Bench) -> str:
    if sources.node_is_ready(bench):
        return "already installed"
    sources.install_node(bench)
    return "installed"


def databases(bench: Bench) -> str:
    data = bench.root / "mariadb"
    if not (data / "mysql").is_dir():
        aside = bench.root / ".mariadb"
        shutil.rmtree(aside, ignore_errors=True)
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={aside}", "--skip-test-db"]
        # A plain root account, which gets its password from the init file; the default would be tied to a system user.
        install += ["--auth-root-authentication-method=normal", f"--user={getpass.getuser()}"]
        bench.run(install, cwd=bench.root, log="mariadb-install")
        aside.replace(data)
    services.start(bench, "data")
    return "running"


def our_apps(bench: Bench) -> str:
    changed = [app for app in OUR_APPS if apps.point(bench, app)]
    return f"pointed {' and '.join(changed)} here" if changed else "already point here"


def assets(bench: Bench) -> str:
    if sources.assets_are_ready(bench):
        return "already built"
    sources.build_assets(bench)
    return "built"


def two_sites(bench: Bench) -> str:
    print(flush=True)
    for site in SITES:
        sites.create_or_update(bench, site)
    return "ready"


def host_names(bench: Bench) -> str:
    return host.ensure_names(list(SITES)) or "both resolve"


def web(bench: Bench) -> str:
    print(flush=True)
    services.restart_web(bench)
    return "running"


def pair(bench: Bench) -> str:
    if not PAIR.exists():
        return "nothing to do"
    print(flush=True)
    done = subprocess.run(
        [sys.executable, str(PAIR), "--bench", str(bench.root)], env=bench.environment(), check=False
    )
    if done.returncode:
        raise BenchError(
            f"the sites are there but {PAIR.name} ended with status {done.returncode}; read its lines above"
        )
    return "paired"


STEPS: list[tuple[str, Callable[[Bench], str]]] = [
    ("system packages", system_packages),
    ("bench folder", folders),
    ("Frappe and ERPNext", clones),
    ("Python packages", python_packages),
    ("node packages", node_packages),
    ("MariaDB and Redis", databases),
    ("our two apps", our_apps),
    ("assets", assets),
    ("sites", two_sites),
    ("host names", host_names),
    ("web, workers, scheduler", web),
    ("pairing", pair),
]


def create(bench: Bench) -> None:
    began = time.monotonic()
    bench.logs.mkdir(parents=True, exist_ok=True)
    with only_one(bench):
        run_steps(bench)
    print(f"\nBench ready in {time.monotonic() - began:.0f} s.")
    print_where(bench)


@contextmanager
def only_one(bench: Bench) -> Iterator[None]:
    with (bench.root / ".create.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BenchError(f"another `make bench` is at work in {bench.root}; wait for it") from None
        yield


def run_steps(bench: Bench) -> None:
    for number, (title, step) in enumerate(STEPS, 1):
        print(f"[{number}/{len(STEPS)}] {title} ", end="", flush=True)
        at = time.monotonic()
        result = step(bench)
        print(f"{result} ({time.monotonic() - at:.0f} s)", flush=True)


def print_where(bench: Bench) -> None:
    config = bench.config()
    port = config["webserver_port"]
    print(f"  hub     http://{HUB}:{port}")
    print(f"  client  http://{CLIENT}:{port}")
    print(f"  login   Administrator / {config['admin_password']}")
    print(f"  folder  {bench.root} (logs in {bench.logs})")
    print(f"  bench   cd {bench.root} && source tools/activate && bench --site {HUB} …")
    print(f"  stop    python3 scripts/bench/services.py stop --bench {bench.root}")


if __name__ == "__main__":
    command(lambda: create(bench_from()))
