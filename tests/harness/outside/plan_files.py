"""Writes plan files with h5py as docs/outside-methods.md lays them out."""

import h5py
import numpy as np


def write_plans(path, splits):
    """splits: {"refcoco/val": [dict(image_id, sent_ids, tokens, index, …)]}; part_ptr, weight and anchor where given."""
    with h5py.File(path, "w") as file:
        file.attrs.update(format="litebench plans", schema=1)
        for split, plans in splits.items():
            group = file.create_group(split)
            for key in ("image_id", "tokens"):
                group[key] = np.array([plan[key] for plan in plans], dtype=np.int64)
            if plans and "sample_id" in plans[0]:
                group["sample_id"] = np.array([plan["sample_id"] for plan in plans], dtype=np.uint64)
            merged = any("part_ptr" in plan for plan in plans)
            tokens = [len(plan["part_ptr"]) - 1 if merged else len(plan["index"]) for plan in plans]
            add_ragged(group, "sent_ptr", "sent_id", [plan["sent_ids"] for plan in plans], np.int64)
            group["plan_ptr"] = np.cumsum([0] + tokens)
            group["index"] = joined([plan["index"] for plan in plans], np.int32)
            if merged:
                base = np.cumsum([0] + [len(plan["index"]) for plan in plans])
                group["part_ptr"] = joined([[0]] + [np.asarray(p["part_ptr"])[1:] + b for p, b in zip(plans, base)], np.int64)
                group["weight"] = joined([plan["weight"] for plan in plans], np.float32)
            if any("anchor" in plan for plan in plans):
                group["anchor"] = joined([plan["anchor"] for plan in plans], np.float32)
    return path


def joined(parts, dtype):
    return np.concatenate([np.asarray(part, dtype=dtype) for part in parts]) if parts else np.array([], dtype=dtype)


def add_ragged(group, offsets, name, parts, dtype):
    group[offsets] = np.cumsum([0] + [len(part) for part in parts])
    group[name] = joined(parts, dtype)
