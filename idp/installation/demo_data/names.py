"""Names of people from many places, each as it is written there and as it stands in a username."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Culture:
    """First and family names: `written|plain`, or one word for both. `family_first`: as they are read there."""

    share: int
    locale: str
    zone: str
    given: tuple[str, ...]
    family: tuple[str, ...]
    family_first: bool = False
    between: str = " "


@dataclass(frozen=True, slots=True)
class Name:
    """One person's. `plain`: first and family name in small Latin letters."""

    whole: str
    given: str
    family: str
    plain: tuple[str, str]
    culture: Culture


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CULTURES = (
    Culture(
        22, "de-DE", "Europe/Berlin",
        _words("Anna Lukas Marie Jonas Sophie Felix Jürgen|juergen Björn|bjoern Käthe|kaethe Heike Uwe Sabine Torsten "
               "Renate Günther|guenther Lea Emil Mia Paul Charlotte Anke Jens Karin Matthias"),
        _words("Müller|mueller Schmidt Schneider Fischer Weber Wagner Becker Schäfer|schaefer Köhler|koehler "
               "Groß|gross Vogel Böhm|boehm Winkler Lorenz Baumann Strauß|strauss Jäger|jaeger Seidel Brandt "
               "Oberhuber-Freudenthal|oberhuber-freudenthal Kühn|kuehn Arnold Peters"),
    ),
    Culture(
        16, "en-GB", "Europe/London",
        _words("Olivia George Amelia Harry Isla Noah Ava Jack Grace Oscar Ruby Siobhán|siobhan Rhys Eilidh Dylan "
               "Priya Aaliyah Marcus Chloé|chloe Theodore Jo Beatrix Callum Maeve"),
        _words("Smith Jones Taylor Brown O’Neill|oneill MacDonald|macdonald Evans Wright Walker Hughes Green Hall "
               "Jackson Featherstonehaugh|featherstonehaugh Okafor Singh Begum Ng Adeyemi Lewis Patel Murphy Price"),
    ),
    Culture(
        10, "fr-FR", "Europe/Paris",
        _words("Camille Léa|lea Hugo Zoé|zoe Gaël|gael Élodie|elodie Benoît|benoit Aurélie|aurelie Thibault Inès|ines "
               "François|francois Margaux Noël|noel Agnès|agnes"),
        _words("Martin Bernard Dubois Lefèvre|lefevre Garçon|garcon Moreau Lemoine Béranger|beranger Château|chateau "
               "d’Estaing|destaing Rousseau Fontaine Gérard|gerard Petit"),
    ),
    Culture(
        9, "es-ES", "Europe/Madrid",
        _words("Lucía|lucia Hugo Martín|martin Sofía|sofia Íñigo|inigo Begoña|begona José|jose Inés|ines Álvaro|alvaro "
               "Rocío|rocio Joaquín|joaquin Nuria"),
        _words("García|garcia Fernández|fernandez Muñoz|munoz Ibáñez|ibanez Peña|pena Ortiz Núñez|nunez Castro "
               "Zapatero Ruiz"),
    ),
    Culture(
        6, "pl-PL", "Europe/Warsaw",
        _words("Łukasz|lukasz Małgorzata|malgorzata Zofia Jakub Żaneta|zaneta Paweł|pawel Świętosława|swietoslawa Jan"),
        _words("Wójcik|wojcik Kowalczyk Żuraw|zuraw Zając|zajac Dąbrowska|dabrowska Król|krol Łęcki|lecki Nowak"),
    ),
    Culture(
        6, "tr-TR", "Europe/Istanbul",
        _words("Ayşe|ayse İbrahim|ibrahim Çağla|cagla Işıl|isil Gülşen|gulsen Oğuz|oguz Mehmet Şebnem|sebnem"),
        _words("Yılmaz|yilmaz Şahin|sahin Çelik|celik Öztürk|ozturk Kılıç|kilic Aydın|aydin Güneş|gunes Demir"),
    ),
    Culture(
        4, "vi-VN", "Asia/Ho_Chi_Minh",
        _words("Hương|huong Đức|duc Thảo|thao Tuấn|tuan Quỳnh|quynh Dũng|dung"),
        _words("Nguyễn|nguyen Trần|tran Phạm|pham Đặng|dang Võ|vo Bùi|bui"), family_first=True,
    ),
    Culture(
        5, "uk-UA", "Europe/Kyiv",
        _words("Оксана|oksana Тарас|taras Юлія|yuliia Богдан|bohdan Ганна|hanna Михайло|mykhailo"),
        _words("Шевченко|shevchenko Бондаренко|bondarenko Ткачук|tkachuk Коваль|koval Гнатюк|hnatiuk Мельник|melnyk"),
    ),
    Culture(
        3, "el-GR", "Europe/Athens",
        _words("Γιώργος|giorgos Ελένη|eleni Νίκος|nikos Δήμητρα|dimitra"),
        _words("Παπαδόπουλος|papadopoulos Γεωργίου|georgiou Νικολάου|nikolaou Ιωάννου|ioannou"),
    ),
    Culture(
        4, "ar-EG", "Africa/Cairo",
        _words("محمد|mohamed فاطمة|fatma أحمد|ahmed ليلى|layla يوسف|youssef مريم|mariam"),
        _words("حسن|hassan إبراهيم|ibrahim عبدالله|abdallah السيد|elsayed منصور|mansour النجار|elnaggar"),
    ),
    Culture(
        2, "he-IL", "Asia/Jerusalem",
        _words("נועה|noa איתן|eitan תמר|tamar יוסף|yosef"), _words("כהן|cohen לוי|levi מזרחי|mizrahi פרידמן|friedman"),
    ),
    Culture(
        6, "zh-CN", "Asia/Shanghai",
        _words("伟|wei 芳|fang 秀英|xiuying 敏|min 静|jing 丽|li 强|qiang 晓明|xiaoming"),
        _words("王|wang 李|li 张|zhang 刘|liu 陈|chen 杨|yang 欧阳|ouyang 赵|zhao"), family_first=True, between="",
    ),
    Culture(
        4, "ja-JP", "Asia/Tokyo",
        _words("さくら|sakura 翔太|shota 陽菜|hina 健一|kenichi 美咲|misaki 大輔|daisuke"),
        _words("佐藤|sato 鈴木|suzuki 高橋|takahashi 田中|tanaka 渡辺|watanabe 小林|kobayashi"), family_first=True,
    ),
    Culture(
        3, "hi-IN", "Asia/Kolkata",
        _words("आरव|aarav दीपिका|deepika रोहन|rohan सुनीता|sunita"),
        _words("शर्मा|sharma वर्मा|verma गुप्ता|gupta सिंह|singh"),
    ),
)  # fmt: skip
_SHARES = tuple(culture.share for culture in CULTURES)


def pick(chance: Random) -> Name:
    """Somebody's name."""
    culture = chance.choices(CULTURES, _SHARES)[0]
    given, family = (_spelt(chance.choice(words)) for words in (culture.given, culture.family))
    shown = (family[0], given[0]) if culture.family_first else (given[0], family[0])
    return Name(culture.between.join(shown), given[0], family[0], (given[1], family[1]), culture)


def _spelt(word: str) -> tuple[str, str]:
    written, _, plain = word.partition("|")
    return written, plain or written.lower()
