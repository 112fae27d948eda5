"""The part of the fleet that runs outside the controller: namespaces, hosts, commands, snapshots.

It is started as ``python -I -S <this folder>`` with an empty environment and uses the standard
library alone, so that a rollout costs one small interpreter and nothing of the controller leaks.
It never talks to the network and never resolves a path of this machine once the hosts are up.
"""
