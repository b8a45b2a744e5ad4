"""Invented accounts, put together from a fixed seed in English and Spanish. No real event is retold."""

from __future__ import annotations

import random
from dataclasses import dataclass

# site: (name en, name es, location type, what the person was doing en, es)
SITES = (
    ("car wash", "autolavado", "LT.CARWASH", "drying a white pickup", "secando una camioneta blanca"),
    (
        "hardware store parking lot",
        "estacionamiento de una ferretería",
        "LT.HOMEIMP",
        "waiting for work with about ten others",
        "esperando trabajo con unas diez personas más",
    ),
    (
        "bus stop",
        "parada de autobús",
        "LT.BUS",
        "waiting for the bus to work",
        "esperando el autobús para ir al trabajo",
    ),
    ("swap meet", "tianguis", "LT.SWAP", "setting up a fruit stand", "poniendo un puesto de fruta"),
    ("street corner", "esquina", "LT.VENDOR", "selling food from a cart", "vendiendo comida en un carrito"),
    ("laundromat", "lavandería", "LT.STORE", "folding clothes", "doblando ropa"),
    (
        "garment shop",
        "taller de costura",
        "LT.FACTORY",
        "starting the morning shift",
        "empezando el turno de la mañana",
    ),
    (
        "church parking lot",
        "estacionamiento de una iglesia",
        "LT.WORSHIP",
        "leaving the early service",
        "saliendo de la primera misa",
    ),
)
_COMING_EN = (
    "Two unmarked cars stopped across the exit.",
    "A gray van came in fast and the side door opened before it stopped.",
    "Three men came around the corner on foot, walking quickly.",
    "A white truck blocked the driveway and men jumped down from the back.",
)
_COMING_ES = (
    "Dos carros sin logotipo se atravesaron en la salida.",
    "Una van gris entró rápido y abrieron la puerta antes de que parara.",
    "Tres hombres dieron vuelta a la esquina caminando rápido.",
    "Una troca blanca tapó la entrada y unos hombres saltaron de atrás.",
)
_WORDS_EN = (
    "One of them said, “You with the cap, come here.” Nobody said who they were.",
    "He asked me where I was born before he said anything else.",
    "I asked if they had a warrant. He said, “We don't need a warrant here.”",
    "They spoke to us in Spanish and to the manager in English, and laughed.",
    "He did not show a badge. His vest said POLICE and nothing more.",
)
_WORDS_ES = (
    "Uno dijo: «Tú, el de la gorra, ven para acá». Nadie dijo quiénes eran.",
    "Me preguntó dónde nací antes de decir cualquier otra cosa.",
    "Les pregunté si traían una orden. Me dijo: «Aquí no necesitamos orden».",
    "A nosotros nos hablaban en español y al encargado en inglés, y se reían.",
    "No enseñó placa. El chaleco decía POLICE y nada más.",
)
_THEN_EN = (
    "He took hold of my arm before I answered, and put my hands behind my back.",
    "They told four of us to sit on the ground for about {minutes} minutes.",
    "I was not told that I could leave, and there was a man on each side of me.",
    "They pushed my coworker against the fence. He was not running.",
    "A woman walked past us with her groceries and nobody spoke to her.",
)
_THEN_ES = (
    "Me agarró del brazo antes de que yo contestara y me puso las manos atrás.",
    "A cuatro de nosotros nos sentaron en el suelo como {minutes} minutos.",
    "No me dijeron que podía irme, y tenía un hombre a cada lado.",
    "Empujaron a mi compañero contra la cerca. Él no estaba corriendo.",
    "Pasó una señora con sus compras y a ella nadie le dijo nada.",
)
_END_EN = (
    "After they checked a name on a phone they let me go without a word.",
    "They took two people away in the van. I do not know where.",
    "One said, “Have a good day,” and they left. I sat there for a while.",
    "My hand was swollen the next day. I have a photo.",
    "I have not gone back to that corner since.",
)
_END_ES = (
    "Después de revisar un nombre en el teléfono me soltaron sin decir nada.",
    "Se llevaron a dos personas en la van. No sé a dónde.",
    "Uno dijo: «Que les vaya bien» y se fueron. Yo me quedé ahí sentado un rato.",
    "Al otro día tenía la mano hinchada. Tengo una foto.",
    "Desde entonces no he vuelto a esa esquina.",
)
AGENCIES = ("AG.DHS.CBP.USBP", "AG.DHS.ICE.ERO", "AG.DHS.ICE.HSI", "AG.UNK", "AG.UNK.MASKED")
# The same sentence in both languages: (English, Spanish).
SENTENCES = tuple(zip(
    (*_COMING_EN, *_WORDS_EN, *_THEN_EN, *_END_EN), (*_COMING_ES, *_WORDS_ES, *_THEN_ES, *_END_ES), strict=True
))  # fmt: skip
NAMES = (
    "Ana Ejemplo",
    "José Modelo Ruiz",
    "María Guadalupe Núñez Prueba",
    "Luis Ficticio",
    "Rosa Inventada López",
    "김가상",
    "陈虚构",
    "Արամ Օրինակյան",
    "Elena Muestra",
    "Pedro Ensayo Díaz",
)


@dataclass(frozen=True)
class Story:
    """One invented account: language, place, the words, how many agents, minutes held."""

    language: str
    title: str
    site: str
    location_type: str
    words: str
    agents: tuple[int, int]
    minutes: int


def story(rng: random.Random, language: str, site: int | None = None, agents: int | None = None) -> Story:
    """Return an account in `language` (en or es); `site` indexes SITES, `agents` fixes the lower count.

    The same state of `rng` gives the same account in either language, sentence by sentence.
    """
    en, es, location_type, doing_en, doing_es = SITES[rng.randrange(len(SITES)) if site is None else site]
    low = rng.randint(2, 9) if agents is None else agents
    high = low + rng.randint(0, 3)
    minutes = rng.choice((5, 10, 15, 20, 30, 40, 60))
    spanish = language == "es"
    opening = f"Yo estaba {doing_es} en {_article(es)} {es}." if spanish else f"I was {doing_en} at the {en}."
    count = (
        f"En total eran {_count(low, high, 'o', 'entre', 'y')} hombres."
        if spanish
        else (f"There were {_count(low, high, 'or', 'between', 'and')} men in all.")
    )
    sets = (_COMING_ES, _WORDS_ES, _THEN_ES, _END_ES) if spanish else (_COMING_EN, _WORDS_EN, _THEN_EN, _END_EN)
    coming, words, then, end = (rng.sample(lines, 2) for lines in sets)
    paragraphs = (
        f"{opening} {coming[0]} {count}",
        " ".join(words),
        " ".join(line.format(minutes=minutes) for line in then),
        " ".join(end),
    )
    title = f"{es.capitalize()}, {low} agentes" if spanish else f"{en.capitalize()}, {low} agents"
    return Story(language, title, es if spanish else en, location_type, "\n\n".join(paragraphs), (low, high), minutes)


def _count(low: int, high: int, either: str, between: str, to: str) -> str:
    if high == low:
        return str(low)
    return f"{low} {either} {high}" if high == low + 1 else f"{between} {low} {to} {high}"


def _article(spanish: str) -> str:
    return "una" if spanish.split(maxsplit=1)[0] in {"parada", "esquina", "lavandería"} else "un"
