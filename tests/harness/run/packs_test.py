"""Variants and seeds that are added to a finished run are computed beside it; anything else that differs is refused."""

import h5py
import pytest
from support import Results, run_config, sweep

SPLITS = ["refcoco/val"]
FIRST = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "random"\ntokens = 64\nseeds = 2\n'
MORE = ('[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "random"\ntokens = 64\nseeds = 3\n'
        '[[sweep]]\nmethod = "uniform"\ntokens = [128, 64]\n')
LATENCY = "[passes]\nlatency = { images = 1, repeats = 2, warmup = 0 }\n"


def text(folder, sweeps, **changes):
    return sweep(folder / "run", **{"splits": SPLITS, "sweeps": sweeps, "extra": LATENCY, **changes})


def answers(results, wanted):
    """Mask, pixel counts and run lengths of the expressions whose variant and seed are wanted."""
    return {key: tuple(int(row[c]) for c in ("status", "intersection", "union", "mask_hash")) + (results.payload(row),)
            for key, row in results.expressions().items() if wanted(key[4], key[5])}


def times(results, wanted):
    return sorted((int(u["sample_id"]), results.variants[u["variant"]], int(u["seed"]), int(u["pass"]), int(u["repeat"]),
                   int(u["total_ns"])) for u in results.tables["units"] if wanted(results.variants[u["variant"]], int(u["seed"])))


def is_old(variant, seed):
    return variant == "none" or (variant == "random@64" and seed < 2)


def everything(*_):
    return True


@pytest.fixture
def finished(tmp_path):
    run_config(tmp_path, text(tmp_path, FIRST))
    return tmp_path


@pytest.mark.parametrize("ranks", [None, 2])
def test_added_variants_and_seeds_leave_finished_rows_and_their_times_alone(finished, ranks):
    before = Results(finished / "run/results.h5")
    shards = {f: f.read_bytes() for f in (finished / "run/shards").glob("*.h5")}
    done = run_config(finished, text(finished, MORE), ranks=ranks)
    assert "VALID:" in done.stdout and "INVALID" not in done.stdout
    after = Results(finished / "run/results.h5")
    assert all(f.read_bytes() == held for f, held in shards.items())
    assert answers(after, is_old) == answers(before, everything)
    assert times(after, is_old) == times(before, everything)
    assert sorted(after.variants) == ["none", "random@64", "uniform@128", "uniform@64"]
    expressions = len(answers(before, lambda variant, seed: variant == "none"))
    assert len(after.tables["expressions"]) == expressions * (1 + 3 + 2)
    timed = [u for u in after.tables["units"] if u["pass"] == 1]
    assert len(timed) == 1 * 2 * 4      # images, repeats, variants; later seeds are not timed
    assert {b["attempt"] for b in after.tables["bundles"]} != {0}


def test_an_added_pack_gives_what_it_gives_alone(finished, tmp_path_factory):
    run_config(finished, text(finished, FIRST + '[[sweep]]\nmethod = "uniform"\ntokens = 64\n'))
    alone = tmp_path_factory.mktemp("alone")
    run_config(alone, text(alone, '[[sweep]]\nmethod = "uniform"\ntokens = 64\n'))
    together = Results(finished / "run/results.h5")
    assert answers(together, lambda variant, seed: variant == "uniform@64") == \
        answers(Results(alone / "run/results.h5"), everything)


def test_an_unfinished_pack_and_an_added_one_are_both_completed(tmp_path):
    run_config(tmp_path, text(tmp_path, FIRST), "--limit", "1")
    for ranks in (2, None):     # the second start finds everything done
        done = run_config(tmp_path, text(tmp_path, MORE), ranks=ranks)
        assert "VALID:" in done.stdout and "INVALID" not in done.stdout
    results = Results(tmp_path / "run/results.h5")
    images = {key[1] for key in results.expressions()}
    assert len(images) > 1
    assert {(key[1], key[4], key[5]) for key in results.expressions()} == \
        {(image, variant, seed) for image in images
         for variant, seeds in (("none", 1), ("random@64", 3), ("uniform@128", 1), ("uniform@64", 1)) for seed in range(seeds)}
    with h5py.File(tmp_path / "run/results.h5") as file:
        assert len(set(file["attempts"]["pack"])) == 2


@pytest.mark.parametrize("change,part", [
    ({"sweeps": FIRST.replace("64", "32")}, "random@64 was computed and is not in the configuration any more"),
    ({"sweeps": FIRST.replace("seeds = 2", "seeds = 1")}, "random@64: 2 seeds then, 1 now"),
    ({"protocol": '[[protocol]]\nprofile = "strict"\n'}, "protocols: "),
    ({"dtype": "bf16"}, "dtype: fp32 then, bf16 now"),
], ids=["variant", "seeds", "protocol", "dtype"])
def test_a_change_that_cannot_be_mixed_is_refused_and_named(finished, change, part):
    held = (finished / "run/results.h5").read_bytes()
    done = run_config(finished, text(finished, **{"sweeps": FIRST, **change}), expect=64)
    assert part in done.stderr and "--fresh" in done.stderr, done.stderr
    assert (finished / "run/results.h5").read_bytes() == held
