"""Workload 10: a thousand declarations as court papers, against the same template compiled bare."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pypdfium2
import typst

from bench.workloads import Row
from intake.documents import pleading
from intake.documents.papers import DeclarationPaper, PaperParagraph
from intake.settings import project_file
from intake.taxonomy import court

_SAID = "Two cars without markings stopped across the exit and four men came out of them, walking quickly towards us. "


def thousand(number: int) -> Iterator[Row]:
    """Render `number` different papers by the program and by a bare compiler with data made beforehand."""
    papers = [_paper(n) for n in range(number)]
    ours = bare = 0.0
    pages = 0
    compiler = typst.Compiler(
        root=str(project_file("templates/court")), font_paths=[str(pleading.FONTS)], ignore_system_fonts=True
    )
    for first in range(0, number, 50):  # interleaved, so that noise falls on both
        began = time.process_time()
        for paper in papers[first : first + 50]:
            pleading.render_declaration(paper)
        ours += time.process_time() - began
        data = [_data(paper, n) for n, paper in enumerate(papers[first : first + 50], first)]
        began = time.process_time()
        for body in data:
            made = compiler.compile(
                input=str(project_file("templates/court/declaration.typ")), format="pdf",
                sys_inputs={"data": body}, pdf_standards=["a-2a", "ua-1"],
            )  # fmt: skip
        bare += time.process_time() - began
        pages += len(pypdfium2.PdfDocument(bytes(made))) * len(data)
    yield Row(
        f"10 {number:,} declarations as court PDFs",
        ours,
        bare,
        1.3,
        unit="CPU s",
        detail={"pages per CPU s": pages / ours},
    )


def _paper(number: int) -> DeclarationPaper:
    words = [PaperParagraph(text=f"{n}. {_SAID * (1 + (number + n) % 4)}", basis="KB.SAW") for n in range(14)]
    return DeclarationPaper(
        court="cacd", counsel=[["Robin Haddad (SBN 000001)", "robin@example.org", "Example Legal Aid", "1 Example Street"]],
        plaintiffs="Ana Ejemplo Modelo, et al.", defendants="Jordan Placeholder, in official capacity, et al.",
        docket_no="2:25-cv-00000", title=f"Declaration of Declarant {number:04d}", declarant=f"Declarant {number:04d}",
        paragraphs=words, document_id=f"D-{number:04d}", text_hash="ab" * 32, draft=False,
    )  # fmt: skip


def _data(paper: DeclarationPaper, number: int) -> str:
    # Another title, so that neither side profits from what the compiler remembers of the other's pages.
    data = pleading._data(paper, court(paper.court))  # noqa: SLF001
    return json.dumps(data, ensure_ascii=False, sort_keys=True).replace(
        f"Declarant {number:04d}", f"Declarant B{number:03d}"
    )
