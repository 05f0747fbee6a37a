"""Mixup draws its partners from the batch; balanced mixup from all classes alike. Shares are the papers'."""

import numpy as np
import pytest

from seimbang.balance import make


def many(method, alpha, y, batches=400):
    rng = np.random.default_rng(0)
    which = np.arange(16)
    drawn = [make({"method": method, "alpha": alpha}).mix(which, y, rng) for _ in range(batches)]
    return tuple(np.concatenate(column) for column in zip(*drawn, strict=True))


def test_mixup_s_partners_are_the_batch_in_another_order():
    which = np.array([40, 3, 17, 8])
    partners, _ = make({"method": "mixup"}).mix(which, np.zeros(50, np.int64), np.random.default_rng(1))
    assert sorted(partners) == sorted(which)


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_mixup_s_shares_have_the_moments_of_beta_alpha_alpha(alpha):
    _, delta = many("mixup", alpha, np.zeros(50, np.int64))
    assert delta.mean() == pytest.approx(1 / 2, abs=0.02)
    assert delta.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.05)


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_balanced_mixup_s_shares_have_the_moments_of_beta_alpha_1(alpha):
    _, delta = many("balanced_mixup", alpha, np.zeros(50, np.int64))
    assert delta.mean() == pytest.approx(alpha / (alpha + 1), abs=0.02)
    assert delta.var() == pytest.approx(alpha / ((alpha + 1) ** 2 * (alpha + 2)), rel=0.07)


def test_balanced_mixup_s_partners_are_of_every_class_alike_and_every_row_is_one():
    y = np.random.default_rng(2).permutation(np.repeat([0, 2, 3], [80, 15, 5]))  # class 1 has no row
    partners, _ = many("balanced_mixup", 0.2, y)
    share = np.bincount(y[partners], minlength=4) / len(partners)
    np.testing.assert_allclose(share, [1 / 3, 0, 1 / 3, 1 / 3], atol=0.02)
    assert set(partners) == set(range(100))
