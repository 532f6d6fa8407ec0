"""Write ``teamgram/bff/configuration/countries.tsv``: ISO and dialling code, leading digits, grouping of digits, name.

Needs ``pip install phonenumbers babel`` (dialling facts of libphonenumber,
names of CLDR); the server itself needs neither.

    python tools/gen_countries.py > teamgram/bff/configuration/countries.tsv
"""

import re
import sys
from itertools import product

import babel
import phonenumbers
from babel import Locale
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE
from phonenumbers.phonemetadata import PhoneMetadata

_MAX_PREFIXES = 16
_NOT_A_COUNTRY = "001"


def prefixes(pattern: str | None) -> list[str]:
    """The literal digit strings that a pattern of digits, classes and alternatives stands for; [] if it is not one."""
    if not pattern or not re.fullmatch(r"[0-9\[\]|-]+", pattern):
        return []
    found: list[str] = []
    for alternative in pattern.split("|"):
        places = []
        for digits, literal in re.findall(r"\[([0-9-]+)\]|([0-9])", alternative):
            if literal:
                places.append([literal])
                continue
            spread = re.sub(r"(\d)-(\d)", lambda m: "".join(str(d) for d in range(int(m[1]), int(m[2]) + 1)), digits)
            places.append(list(spread))
        found += ["".join(place) for place in product(*places)]
    return found if len(found) <= _MAX_PREFIXES else []


def grouping(region: str) -> str:
    """How people there write a mobile number abroad, ``X`` for each digit behind the dialling code; "" if not known."""
    kind = phonenumbers.PhoneNumberType.MOBILE
    example = phonenumbers.example_number_for_type(region, kind) or phonenumbers.example_number(region)
    if example is None:
        return ""
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    own = written.removeprefix(f"+{example.country_code}")
    return re.sub(r"\d", "X", re.sub(r"[^\d]+", " ", own)).strip()


def main() -> None:
    names = Locale("en").territories
    rows = []
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            if region == _NOT_A_COUNTRY:
                continue
            leading = prefixes(PhoneMetadata.metadata_for_region(region).leading_digits)
            rows.append((names[region], region, str(code), ",".join(leading), grouping(region)))
    sys.stdout.write(
        f"# Made by tools/gen_countries.py: phonenumbers {phonenumbers.__version__}, babel {babel.__version__}.\n"
    )
    for name, region, code, digits, groups in sorted(rows):
        sys.stdout.write(f"{region}\t{code}\t{digits}\t{groups}\t{name}\n")


if __name__ == "__main__":
    main()
