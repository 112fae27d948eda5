"""The fleet's contract on a container engine: the same hosts as containers of Inspect's `docker`.

Takes a `FleetConfig`; gives Inspect a compose configuration (`compose`), and a rollout the hosts
that Inspect then starts (`hosts`). What is weaker than on a fleet stands in docs/docker.md. Nothing
is imported here: `check` must stay light, and `compose` needs Inspect.
"""
