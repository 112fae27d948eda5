"""Who was asked and who answered: one line for every model under equal settings."""

from __future__ import annotations

from dataclasses import replace

from made_up import rollout

from peerwatch.report.asked import OWN, asked


def test_settings_names_and_losses_stand_beside_each_other():
    """Different settings are different lines; every name that answered is counted."""
    members = [
        rollout("hiding", seed=0),
        replace(rollout("hiding", seed=1), reported_model="other<b>", cost_usd=0.5),
        replace(rollout("hiding", seed=2, error="host node-a: lost"), reported_model=""),
        replace(rollout("looping", seed=3), model="organism/hiding"),
        replace(rollout("hiding", seed=4), settings="temperature=0.7"),
    ]
    first, second = asked(members)
    assert (first.settings, second.settings) == (OWN, "temperature=0.7")
    assert (first.rollouts, first.invalid, first.blocked, first.limits) == (4, 1, 0, "loop 1")
    assert first.answered == "organism/hiding (1), other<b> (1), organism/looping (1)"
    assert (first.dollars, second.dollars) == ("$0.50", "")
