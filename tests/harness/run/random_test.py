"""Weights made on the spot: true shapes without a download, the same for everybody."""

from support import Results, integers, run, run_config, sweep

SWEEPS = '[[sweep]]\nmethod = "none"\n[[sweep]]\nmethod = "litelvlm"\ntokens = [192, 64]\n'


def config(folder, **options):
    return sweep(folder, glamm="random:tiny", clip="random:tiny", splits=["refcoco/testB"], sweeps=SWEEPS, **options)


def test_two_runs_on_random_weights_agree(tmp_path):
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        run_config(tmp_path / name, config(tmp_path / name / "run"))
        found.append(integers(tmp_path / name / "run/results.h5"))
    assert found[0] == found[1]


def test_prompts_have_the_asked_length(tmp_path):
    extra = "[passes]\naccuracy = false\nlatency = { images = 1, repeats = 2, warmup = 0 }\n"
    run_config(tmp_path, config(tmp_path / "run", extra=extra).replace("[data]", "prompt_tokens = 100\n[data]"))
    units = Results(tmp_path / "run/results.h5").tables["units"]
    assert len(units) == 6
    assert set(units["llm_tokens"] - units["kept"]) == {100}
    assert (units["total_ns"] > 0).all() and (units["stage_ns"] >= 0).all()


def test_an_unknown_geometry_is_answered_with_the_known_ones(tmp_path):
    text = config(tmp_path / "run").replace("random:tiny", "random:tyny")
    done = run_config(tmp_path, text, expect=64)
    assert "tiny" in done.stderr


def test_the_true_size_is_planned_without_weights(tmp_path):
    path = tmp_path / "sweep.toml"
    path.write_text(config(tmp_path / "run").replace("random:tiny", "random:glamm-7b"))
    done = run("plan", "--config", path, "--no-forecast")
    assert done.returncode == 0, done.stderr
    assert "LLM 4096x32" in done.stdout and not (tmp_path / "run").exists()
