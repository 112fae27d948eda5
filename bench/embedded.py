"""What the embedded model gains by the prefix that its prompts share.

    python bench/embedded.py [CONTEXTS] [ALONE]

CONTEXTS prompts (100) begin with the same text of some 900 tokens and end in a different line; each
asks for one token. They run once with the prefix kept, and ALONE of them (10) one by one without
it, in one process, in turn: five of one, then of the other. Prints seconds and CPU for each prompt,
the ratio of the rates, and the largest difference of the first token's log-probability between the
two ways: speed that changes the answer would be worth nothing.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import anyio
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig, Model, get_model

PREFIX_LINES = 48
CONFIG = GenerateConfig(max_tokens=1, logprobs=True, top_logprobs=5)


def prompt(number: int) -> list[ChatMessageSystem | ChatMessageUser]:
    """The shared text, then a line of its own."""
    shared = "\n".join(
        f"Record {line}: host node-{line % 7} holds volume {line * 37 % 101} with state kept."
        for line in range(PREFIX_LINES))
    return [ChatMessageSystem(content=shared),
            ChatMessageUser(content=f"Is record {number} kept? Answer yes or no.")]


async def one(model: Model, number: int) -> tuple[float, float, dict[str, float], int, int]:
    """Wall and CPU seconds, the first token's alternatives, prompt tokens and those reused."""
    wall, cpu = time.perf_counter(), time.process_time()
    told = await model.generate(prompt(number), config=CONFIG)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    first = told.choices[0].logprobs.content[0]  # type: ignore[union-attr]
    used = told.usage
    assert used is not None
    reused = used.input_tokens_cache_read or 0
    return (*spent, {each.token: each.logprob for each in first.top_logprobs or ()},
            used.input_tokens + reused, reused)


async def main(contexts: int, alone: int) -> None:
    """Runs both ways in turn and prints what they took."""
    kept = get_model("local/smollm2", memoize=False)
    naive = get_model("local/smollm2", memoize=False, cache_prompt=False)
    await one(kept, contexts)  # loads the model, reads the prefix
    shared = [await one(kept, number) for number in range(contexts - alone)]
    single = []
    for number in range(contexts - alone, contexts):
        shared.append(await one(kept, number))
        single.append(await one(naive, number))
        await one(kept, contexts)  # the kept prefix is read again where the other took its place
    apart = max(abs(mine[2][token] - other[2][token])
                for mine, other in zip(shared[-alone:], single, strict=True)
                for token in mine[2].keys() & other[2].keys())
    load = Path("/proc/loadavg").read_text().split()[0]
    tokens, reused = shared[0][3], statistics.median(each[4] for each in shared)
    print(f"{tokens} tokens a prompt, {reused:.0f} of them reused (median); load {load}")
    for name, runs in (("prefix kept", shared), ("one by one", single)):
        wall, cpu = (sum(each[index] for each in runs) / len(runs) for index in (0, 1))
        print(f"{name:12} {len(runs):4} prompts  wall {wall:.3f} s, CPU {cpu:.3f} s each")
    for index, what in ((0, "wall"), (1, "CPU")):
        ratio = (sum(each[index] for each in single) / len(single)) / (
            sum(each[index] for each in shared) / len(shared))
        print(f"{what}: {ratio:.1f} times the rate of one by one")
    print(f"log-probabilities differ by at most {apart:.4f}")


if __name__ == "__main__":
    anyio.run(main, int(sys.argv[1]) if len(sys.argv) > 1 else 100,
              int(sys.argv[2]) if len(sys.argv) > 2 else 10)
