"""The words of the seeded world: organizations, subjects with their topics, course titles and people's names."""

from typing import NamedTuple

ORGANIZATIONS = (
    ("NordheimX", "Universität Nordheim"),
    ("VauclairX", "Université de Vauclair"),
    ("SantaAuroraX", "Universidad de Santa Aurora"),
    ("BrightonvaleX", "Brightonvale University"),
    ("KirkholmX", "Kirkholm Tekniske Højskole"),
    ("AthenaX", "Athena Institute of Technology"),
    ("AthenaProX", "Athena Institute of Technology"),
    ("LakemontX", "Lakemont College"),
    ("PortoVerdeX", "Universidade de Porto Verde"),
    ("TakaharaX", "Takahara University (高原大学)"),
    ("HanwonX", "Hanwon National University"),
    ("MeridianX", "Meridian School of Business"),
    ("OakfieldX", "Oakfield State University"),
    ("ZelenogoraX", "Univerza v Zeleni Gori"),
    ("CasablancaTechX", "École Polytechnique de Casablanca"),
    ("RiverbendX", "Riverbend Community College"),
    ("StAldateX", "St Aldate's College"),
    ("MonteroccaX", "Politecnico di Monterocca"),
    ("GangeticX", "Gangetic Institute of Science"),
    ("UluruX", "Uluru University"),
    ("TableBayX", "University of Table Bay"),
    ("SjostadX", "Sjöstads universitet"),
    ("WarsztatX", "Politechnika Warsztatowa"),
    ("CordilleraX", "Universidad Técnica de la Cordillera"),
    ("HarborlightX", "Harborlight School of Public Health"),
    ("EastmarchX", "Eastmarch University"),
    ("DelftseX", "Hogeschool Delftse Poort"),
    ("AlMadarX", "Al-Madar University"),
    ("BosphorusX", "Boğaz Teknik Üniversitesi"),
    ("ConservatoryX", "The Ashgrove Conservatory of Music"),
    ("GalleriaX", "Museo e Galleria Nazionale"),
    ("OpenDataX", "Open Data Foundation"),
    ("GreenGridX", "Green Grid Alliance"),
    ("LinuxGuildX", "The Linux Guild"),
    ("MekongX", "Mekong Delta University"),
    ("PraguestoneX", "Vysoká škola Kamenná"),
    ("TwinPeaksX", "Twin Peaks Agricultural & Mechanical College"),
    ("ClosedX", "Formerly Open University"),
    ("MergedX", "College of the Merger"),
    ("UAI_SOURCE", "Universal Learning, sources"),
    ("B2B_SOURCE", "Contracts, sources"),
)
"""(short name, name). Two have the same name."""

INACTIVE = ("ClosedX", "MergedX")


class Subject(NamedTuple):
    """A field of study: the letters of its course numbers, and what its courses are about."""

    code: str
    topics: tuple[str, ...]


SUBJECTS = (
    Subject(
        "CS",
        (
            "Algorithms",
            "Computer Networks",
            "Compilers",
            "Databases",
            "Machine Learning",
            "Operating Systems",
            "Human-Computer Interaction",
            "Cryptography",
            "Functional Programming",
        ),
    ),
    Subject(
        "MATH",
        (
            "Linear Algebra",
            "Real Analysis",
            "Probability",
            "Number Theory",
            "Galois Theory",
            "Graph Theory",
            "Differential Equations",
            "Poincaré's Topology",
        ),
    ),
    Subject(
        "STAT", ("Bayesian Statistics", "Causal Inference", "Survey Sampling", "Time Series", "Experimental Design")
    ),
    Subject(
        "PHYS",
        (
            "Classical Mechanics",
            "Electromagnetism",
            "Quantum Mechanics",
            "Astrophysics",
            "Thermodynamics",
            "Schrödinger's Equation",
            "Optics",
        ),
    ),
    Subject(
        "BIO",
        (
            "Cell Biology",
            "Genetics",
            "Evolution",
            "Neuroscience",
            "Marine Ecology",
            "Immunology",
            "Plant Physiology",
            "Bioinformatics",
        ),
    ),
    Subject("CHEM", ("Organic Chemistry", "Materials Chemistry", "Biochemistry", "Spectroscopy", "Green Chemistry")),
    Subject(
        "ECON",
        (
            "Microeconomics",
            "Macroeconomics",
            "Game Theory",
            "Development Economics",
            "Behavioural Economics",
            "Public Finance",
            "Trade Policy",
        ),
    ),
    Subject(
        "BUS",
        (
            "Accounting",
            "Marketing",
            "Supply Chains",
            "Negotiation",
            "Entrepreneurship",
            "Corporate Finance",
            "Project Management",
            "Business Ethics",
        ),
    ),
    Subject(
        "HIST",
        (
            "the Roman Republic",
            "the Ottoman Empire",
            "the Silk Road",
            "Modern Japan",
            "Decolonisation",
            "Medieval Cities",
            "the History of Science",
        ),
    ),
    Subject(
        "LIT",
        (
            "Shakespeare's Tragedies",
            "the Russian Novel",
            "Brontë and Her Readers",
            "Postcolonial Fiction",
            "García Márquez",
            "World Poetry",
        ),
    ),
    Subject("LANG", ("French", "Español", "Norsk", "Mandarin Chinese (中文)", "Arabic", "Academic English", "Türkçe")),
    Subject("PHIL", ("Logic", "Ethics", "Political Philosophy", "Philosophy of Mind", "Aesthetics")),
    Subject(
        "ENV", ("Climate Science", "Renewable Energy", "Water Management", "Conservation", "Urban Planning", "Soils")
    ),
    Subject(
        "MED", ("Epidemiology", "Global Health", "Anatomy", "Nutrition", "Pharmacology", "Health Data", "Nursing Care")
    ),
    Subject("LAW", ("Contract Law", "Human Rights", "Intellectual Property", "Privacy Law", "International Law")),
    Subject("EDU", ("Online Teaching", "Assessment", "Early Childhood Learning", "Instructional Design")),
    Subject("MUS", ("Harmony", "Jazz Improvisation", "Film Music", "Sound Design")),
    Subject(
        "ENGR",
        (
            "Circuits",
            "Control Systems",
            "Robotics",
            "Fluid Dynamics",
            "Structural Engineering",
            "Signals and Systems",
            "Aerodynamics",
        ),
    ),
)

PATTERNS = (
    (1, "Introduction to {topic}"),
    (1, "Foundations of {topic}"),
    (1, "{topic} for Everyone"),
    (3, "{topic} & Society"),
    (3, "{topic}: Methods and Applications"),
    (3, "{topic} in Practice"),
    (5, "Advanced {topic}"),
    (5, "Research Seminar: {topic}"),
)
"""(level, title): 1 for beginners, 3 in between, 5 advanced."""

PECULIAR = (
    'Romeo & Juliet: "A Plague o\' Both Your Houses"',
    'C, C++ & Rust: Memory, "Safety" and You',
    "Dragons & Dungeons: L'économie du jeu vidéo",
    "Proofs Without Words: x < y & y < z",
    "¿Qué es la ciudadanía? Democracia & Derechos",
    "Введение в дискретную математику",
    "日本の建築: Architecture & Everyday Life",
    "Μαθηματικά για όλους",  # noqa: RUF001 - Greek, not Latin
    "   Statistics, in One Line   ",
    (
        "The Very Long Course on the Origins, Development, Present State and Probable Future of Everything That Has "
        "Been Written Down About the Teaching of Writing, from Clay Tablets to Learning Platforms"
    ),
)
"""Titles with quotes, ampersands, tags that are none, other scripts, spaces around, and great length."""

GIVEN_NAMES = (
    *("Aisha", "Amélie", "Anders", "Beatriz", "Chidi", "Chloë", "Dmitri", "Elif", "Fatima", "Giulia", "Hiroshi"),
    *("Ingrid", "Jamal", "Jiří", "Katarzyna", "Lucía", "Mei", "Mateus", "Ngozi", "Olga", "Priya", "Quentin"),
    *("Rosa", "Søren", "Thandiwe", "Umar", "Valentina", "William", "Xiu", "Yusuf", "Zoë"),
)
FAMILY_NAMES = (
    *("Abebe", "Andersen", "Banerjee", "Castro", "Dubois", "Eriksson", "Fernández", "García", "Haddad", "Ito"),
    *("Jansen", "Kowalski", "Lindqvist", "Müller", "Nguyen", "O'Brien", "Okafor", "Petrov", "Quispe", "Rossi"),
    *("Sato", "Tremblay", "Usman", "Vásquez", "Weber", "Xu", "Şahin", "Zhang"),
)
