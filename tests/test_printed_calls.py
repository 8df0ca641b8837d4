"""Calls are printed with their fits as R prints them: arguments, expressions, line breaks."""

import numpy as np
import pytest

import r_peer
from lamina.nnet import multinom
from lamina.nnet.calls import call_text

# Arguments in R, and here.
CALLS = {
    "tight": ('subset = a>0&b<1, trace=FALSE', {"subset": "a>0&b<1", "trace": False}),
    "strings": ('weights=w*2, subset=s=="u" | !(a> .5)',
                {"weights": "w*2", "subset": "s=='u' | !(a> .5)"}),
    "lists": ('contrasts = list(s = "contr.sum", g = "contr.helmert"), subset=s%in%c("u","v"), '
              "na.action = na.exclude",
              {"subset": "s%in%c('u','v')", "na_action": "na.exclude",
               "contrasts": {"s": "contr.sum", "g": "contr.helmert"}}),
    "chain": ('subset=a>0 & b<1 & w>=1 & s=="u" & a<100 & b > -50 & w < 20 & a != 3 & b*2+3 > 4*a',
              {"subset": "a>0 & b<1 & w>=1 & s=='u' & a<100 & b > -50 & w < 20 & a != 3 & "
                         "b*2+3 > 4*a"}),
    "brackets": ("subset=(aaaaaaaaaaaaaaaaaaa & bbbbbbbbbbbbbbbbbbbbbb & cccccccccccccc) | "
                 "ifelse(aaaaaaaaaaaa, cccccccccccccccccc, !dddddddddddddd)",
                 {"subset": "(aaaaaaaaaaaaaaaaaaa & bbbbbbbbbbbbbbbbbbbbbb & cccccccccccccc) | "
                            "ifelse(aaaaaaaaaaaa, cccccccccccccccccc, !dddddddddddddd)"}),
    "no break": ("weights=aaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbb^ccccccccccccccccccc:d, "
                 'subset=`a - b` == "x, y & z, and more of it, & more" & w',
                 {"weights": "aaaaaaaaaaaaaaaaaaa/bbbbbbbbbbbbbbbbbbbbbbb^ccccccccccccccccccc:d",
                  "subset": "`a - b` == 'x, y & z, and more of it, & more' & w"}),
}  # fmt: skip
PROGRAM = """multinom <- function(formula, data, weights, subset, na.action, contrasts, ...)
  match.call()
"""


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_written_as_rs(name):
    asked, given = CALLS[name]
    program = f'{PROGRAM}say("call", deparse(multinom(y~a+b, d, {asked})))'
    wanted = r_peer.ask(program)["call"]
    d = [1.0]
    order = ["weights", "subset", "na_action", "contrasts", "trace"]
    told = {key: given[key] for key in order if key in given}
    assert call_text("multinom", "y~a+b", data=d, **told).splitlines() == wanted


def test_a_fit_to_a_subset_prints_its_call():
    pytest.importorskip("formulaic")
    rng = np.random.default_rng(1)
    d = {"a": rng.normal(size=40), "b": rng.normal(size=40), "y": rng.choice(list("pq"), 40)}
    fit = multinom("y~a", d, subset="a>-1&b<1", trace=False)
    assert repr(fit).splitlines()[:3] == [
        "Call:",
        "multinom(formula = y ~ a, data = d, subset = a > -1 & b < 1, ",
        "    trace = FALSE)",
    ]
