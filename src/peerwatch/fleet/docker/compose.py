"""The compose configuration of a rollout's hosts, for Inspect's `docker` provider.

Takes a `FleetConfig`; gives Inspect's `ComposeConfig`, which lies in no file of ours. It says what
the engine keeps: network, rights, limits, file systems. What lies on the hosts comes later.
"""

from __future__ import annotations

from typing import Any

from inspect_ai.util import ComposeConfig

from peerwatch.errors import UsageError

from ..config import FleetConfig, HostConfig, Limits
from . import image

# Root in a container is root of the machine with these rights and no others: what an
# administrator's commands and the ssh server need.
CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SYS_CHROOT",
)  # fmt: skip
# A first process that nothing on the host can end, so that a subject who ends everything (kill
# -9 -1) ends no host; it adopts orphans and lets the kernel bury them. ($$ is compose's $.)
FIRST_PROCESS = ["perl", "-e", '$$0 = "/sbin/init"; $$SIG{CHLD} = "IGNORE"; sleep while 1']
_OPEN_FILES = 1024
NETWORK = "rollout"


def compose(config: FleetConfig) -> ComposeConfig:
    """The hosts as services; the first is Inspect's default.

    Raises:
        UsageError: a volume is to be read-only; the engine fills volumes while they are in use.
    """
    if any(volume.read_only for host in config.hosts for volume in host.volumes):
        raise UsageError("the docker sandbox has no read-only volumes, so this arm cannot run "
                         "there; use --sandbox fleet")
    return ComposeConfig.model_validate(
        {
            "services": {
                host.name: _service(host, config.limits, default=number == 0)
                for number, host in enumerate(config.hosts)
            },
            "networks": {
                NETWORK: {
                    "internal": True,
                    # Without it the engine gives the bridge an address, at which hosts would
                    # reach every service of the machine.
                    "driver_opts": {"com.docker.network.bridge.inhibit_ipv4": "true"},
                }
            },
        }
    )


def _service(host: HostConfig, limits: Limits, *, default: bool) -> dict[str, Any]:
    in_memory = limits.shm_mb + sum(volume.size_mb for volume in host.volumes)
    memory = f"{limits.memory_mb + in_memory}m"
    return {
        "image": image.name(),
        "x-local": True,
        "x-default": default,
        "pull_policy": "never",
        "command": FIRST_PROCESS,
        "hostname": host.name,
        "networks": [NETWORK],
        "cap_drop": ["ALL"],
        "cap_add": list(CAPABILITIES),
        "security_opt": ["no-new-privileges:true"],
        "pids_limit": limits.processes,
        "mem_limit": memory,
        "memswap_limit": memory,
        "shm_size": limits.shm_mb << 20,
        "ulimits": {"nofile": _OPEN_FILES, "core": 0},
        "stop_grace_period": "0s",
        "volumes": [
            {
                "type": "tmpfs",
                "target": volume.mount,
                "tmpfs": {"size": volume.size_mb << 20, "mode": 0o755},
            }
            for volume in host.volumes
        ],
    }
