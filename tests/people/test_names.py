"""How names are folded: what is one name in two spellings, and what is not."""

from __future__ import annotations

import pytest

from intake.people.names import forms_of, words_of


def fits(asked: str, name: str) -> tuple[bool, bool]:
    """Return (every word fits somehow, every word fits as written)."""
    forms = forms_of(name)
    words = words_of(asked)
    written = [bool(w.exact & forms.exact) for w in words]
    heard = [bool(w.exact & forms.exact or w.sounds & forms.sounds) for w in words]
    return all(heard), all(written)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("maria nunez", "María NÚÑEZ"),
        ("García López María", "María de la Luz García-López"),
        ("lopez, maria", "María López y García"),
        ("Dela Cruz", "Juan de la Cruz"),
        ("DELACRUZ", "Juan de la Cruz"),
        ("OBrien", "Pat O'Brien"),
        ("Minjun Kim", "Kim Min-jun"),
        ("Ｍaria", "Maria"),
        ("Vardanyan", "Վարդանյան"),
    ],
)
def test_accents_case_order_hyphens_and_particles_do_not_matter(asked: str, name: str) -> None:
    assert fits(asked, name) == (True, True)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Jimenez", "Ximénes"),
        ("Velasquez Ibañes", "Belázques Ybáñez"),
        ("Hernandes", "Ernández"),
        ("Lupe Ruiz", "Guadalupe Ruiz"),
        ("Gim", "Kim"),
        ("Yi Seo-yeon", "Lee Seoyeon"),
        ("Rhee Suhyun", "Lee Soo Hyun"),
        ("Park Ji Ho", "Bak Jiho"),
        ("Choi", "Choe"),
        ("Kim Min-joon", "김민준"),
        ("Lee Seoyeon", "이서연"),
        ("Wong", "Huang"),
        ("Cheung", "Zhang"),
        ("Hsu", "Xu"),
        ("Tsai", "Cai"),
        ("Chan Wei Ming", "陈伟明"),
        ("Hagopian", "Hakobyan"),
        ("Hagopian", "Հակոբյան"),
        ("Mgrdichian", "Mkrtchyan"),
        ("Bedrossian", "Petrosyan"),
        ("Krikorian", "Grigoryan"),
        ("Oganesyan", "Hovhannisyan"),
        ("Kevorkian", "Gevorgyan"),
    ],
)
def test_what_sounds_alike_or_is_romanised_otherwise_is_found(asked: str, name: str) -> None:
    assert fits(asked, name)[0]
    assert not fits(asked, name)[1]


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Kim", "Gomez Camino"),
        ("Rosa", "Jose Ruiz"),
        ("Nguyen", "Ng Wei"),
        ("Martinez", "Martin"),
        ("Park", "Parra"),
        ("Petrosyan", "Poghosyan"),
        ("Sarkisyan", "Grigoryan"),
        ("Hernandez", "Fernandez"),
        ("de la", "Juan de la Cruz Ruiz"),
    ],
)
def test_other_names_are_not_found(asked: str, name: str) -> None:
    assert fits(asked, name) == (False, False)


def test_of_a_crowd_no_two_whole_names_fit_each_other() -> None:
    crowd = [
        "Maria Garcia",
        "Jose Lopez",
        "Juan Hernandez",
        "Ana Martinez",
        "Kim Minjun",
        "Lee Soyeon",
        "Park Jiho",
        "Hakob Petrosyan",
        "Ani Sarkisyan",
        "Chen Wei",
        "Wong Lai",
        "Rosa Morales",
        "Luis Ramirez",
        "Pedro Ramos",
        "Elena Torres",
        "Carlos Flores",
        "Sofia Rivera",
    ]
    assert [(a, b) for a in crowd for b in crowd if a != b and fits(a, b)[0]] == []


def test_a_name_of_particles_alone_can_still_be_asked_for() -> None:
    assert fits("de la", "de la")[0]
    assert words_of("  ,. ") == []
