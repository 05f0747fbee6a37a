"""Losses and weights are the papers' formulas, and cross-entropy where their parameter is 0."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from seimbang.balance import make
from seimbang.balance.focal import focal_loss
from seimbang.balance.ldam import ldam_loss, margins

COUNTS = np.array([1000, 10, 160])
LABELS = torch.tensor([0, 2, 1, 1, 0, 2])
MIXED = torch.lerp(torch.eye(3)[LABELS], torch.eye(3)[LABELS.flip(0)], 0.3)


def logits(scale=3.0):
    return scale * torch.randn(6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_focal_loss_is_the_formula():
    loss = make({"method": "focal", "gamma": 3.0}).loss(COUNTS)
    p = torch.softmax(logits(), 1)[torch.arange(6), LABELS]
    torch.testing.assert_close(loss(logits(), LABELS), (-((1 - p) ** 3) * p.log()).mean())


def test_focal_loss_weighs_classes_as_class_weights_does():
    loss = make({"method": "focal", "weighted": True}).loss(COUNTS)
    alpha = torch.tensor(1170 / (3 * COUNTS))[LABELS]
    p = torch.softmax(logits(), 1)[torch.arange(6), LABELS]
    torch.testing.assert_close(loss(logits(), LABELS), (-alpha * (1 - p) ** 2 * p.log()).mean())


@pytest.mark.parametrize("labels", [LABELS, MIXED.double()])
def test_focal_loss_without_gamma_is_cross_entropy(labels):
    torch.testing.assert_close(focal_loss(logits(), labels, 0.0), cross_entropy(logits(), labels))
    alpha, shares = np.array([0.2, 3.0, 1.0]), MIXED.double() if labels is not LABELS else torch.eye(3).double()[LABELS]
    weighted = cross_entropy(logits(), shares, weight=torch.tensor(alpha))
    torch.testing.assert_close(focal_loss(logits(), labels, 0.0, alpha), weighted)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_loss_has_a_finite_slope_where_a_case_is_certain(gamma):
    z = torch.tensor([[80.0, 0.0], [80.0, 0.0], [0.0, 0.0]], requires_grad=True)
    focal_loss(z, torch.tensor([0, 1, 0]), gamma).backward()
    assert z.grad.isfinite().all()


def test_margins_are_the_paper_s():
    margin = margins(COUNTS, 0.5)
    assert margin[1] == 0.5
    np.testing.assert_allclose(margin / margin[0], (1000 / COUNTS) ** 0.25)
    assert margins(np.array([16, 0, 1]), 0.5).tolist() == [0.25, 0, 0.5]


def test_ldam_loss_is_the_formula():
    loss = make({"method": "ldam", "max_margin": 0.4, "scale": 5.0}).loss(COUNTS)
    cosines, expected = logits() / 5, []
    for row, label in zip(cosines, LABELS, strict=True):
        others = torch.cat([row[:label], row[label + 1 :]])
        own = torch.exp(5 * (row[label] - 0.4 * (10 / COUNTS[label]) ** 0.25))
        expected.append(-torch.log(own / (own + torch.exp(5 * others).sum())))
    torch.testing.assert_close(loss(logits(), LABELS), torch.stack(expected).mean())


@pytest.mark.parametrize("labels", [LABELS, MIXED.double()])
def test_ldam_loss_without_margin_is_cross_entropy(labels):
    loss = make({"method": "ldam", "max_margin": 0}).loss(COUNTS)
    torch.testing.assert_close(loss(logits(), labels), cross_entropy(logits(), labels))


def test_a_mixed_label_loses_its_share_of_each_margin():
    m = np.array([0.1, 0.5, 0.2])
    expected = cross_entropy(logits() - torch.tensor(m) * MIXED.double(), MIXED.double())
    torch.testing.assert_close(ldam_loss(logits(), MIXED.double(), m), expected)


def test_logit_adjustment_adds_the_log_of_the_prior():
    adjusted = make({"method": "logit_adjustment", "tau": 1.5}).adjust_logits(logits(), COUNTS)
    torch.testing.assert_close(adjusted, logits() + 1.5 * torch.tensor(np.log(COUNTS / 1170)))


def test_logit_adjustment_without_tau_changes_nothing_even_if_a_class_is_absent():
    balance = make({"method": "logit_adjustment", "tau": 0})
    torch.testing.assert_close(balance.adjust_logits(logits(), np.array([5, 0, 9])), logits())


def test_logit_adjustment_by_tau_1_is_undone_by_the_best_logits():
    """With no information in the case, the adjusted loss is least at equal logits: every class alike."""
    counts, balance = np.array([75, 25]), make({"method": "logit_adjustment"})
    labels = torch.tensor([0, 0, 0, 1])
    z = torch.zeros(4, 2, dtype=torch.float64, requires_grad=True)
    cross_entropy(balance.adjust_logits(z, counts), labels).backward()
    torch.testing.assert_close(z.grad.sum(0), torch.zeros(2, dtype=torch.float64))


def test_class_balanced_weights_are_the_inverse_of_the_effective_number():
    weights = make({"method": "class_balanced", "beta": 0.99}).class_weights(COUNTS)
    effective = np.array([sum(0.99**power for power in range(n)) for n in COUNTS])
    np.testing.assert_allclose(weights * effective, weights[0] * effective[0])
    assert weights.sum() == pytest.approx(3)


def test_class_balanced_weights_go_from_equal_to_inverse_frequency():
    equal, inverse = (make({"method": "class_balanced", "beta": beta}).class_weights(COUNTS) for beta in (0, 1 - 1e-9))
    np.testing.assert_allclose(equal, 1)
    np.testing.assert_allclose(inverse / inverse[0], 1000 / COUNTS, rtol=1e-4)


def test_a_class_without_rows_weighs_nothing():
    weights = make({"method": "class_balanced"}).class_weights(np.array([10, 0, 10]))
    np.testing.assert_allclose(weights, [1, 0, 1])


def test_only_the_threshold_arm_answers_by_the_tuned_threshold():
    assert make({"method": "threshold"}).decides == "tuned"
    assert make({"method": "none"}).decides == "default"
