"""Generates people and companies of three countries; their numbers have valid check digits."""

from __future__ import annotations

from typing import Any

from mockserver.engine import Randomness

SEED_COUNTRIES = ("ie", "gb", "es")
_LOCALES = {"ie": "en_IE", "gb": "en_GB", "es": "es_ES"}
_CITIES = {
    "ie": (("Dublin", "D02"), ("Galway", "H91"), ("Cork", "T12"), ("Limerick", "V94")),
    "gb": (("London", "EC1A"), ("Manchester", "M1"), ("Leeds", "LS1"), ("Bristol", "BS1")),
    "es": (("Madrid", "280"), ("Barcelona", "080"), ("Valencia", "460"), ("Sevilla", "410")),
}
_STREETS = {
    "ie": ("Harbour Row", "Mill Lane", "Abbey Street"),
    "gb": ("Station Road", "Church Lane", "Victoria Street"),
    "es": ("Calle Mayor", "Calle del Sol", "Avenida del Puerto"),
}
_PHONES = {"ie": "+35387{:07d}", "gb": "+447{:09d}", "es": "+346{:08d}"}
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_DNI = "TRWAGMYFPDXBNJZSQVHLCKE"
_PPSN = "WABCDEFGHIJKLMNOPQRSTUV"
"""The check letters of both tax ids, by the remainder of a division by 23."""


class PeopleGenerator:
    """Generates people and companies; the same seed gives the same sequence."""

    def __init__(self, randomness: Randomness) -> None:
        from faker import Faker

        self._rng = randomness.stream("seed:people", 0)
        self._fakers = {country: Faker(locale, use_weighting=False) for country, locale in _LOCALES.items()}
        for country, faker in self._fakers.items():
            faker.seed_instance(randomness.digest("seed:names", country).hex())
        self._nth = 0

    def company(self, country: str) -> str:
        return str(self._fakers[country].company())

    def address(self, country: str) -> dict[str, Any]:
        """Returns an address with a valid postal code of the country."""
        city, area = self._rng.choice(_CITIES[country])
        return {
            "line1": f"{self._rng.randint(1, 120)} {self._rng.choice(_STREETS[country])}",
            "line2": None,
            "line3": None,
            "city": city,
            "state": None,
            "postal_code": self._postal_code(country, area),
            "country_code": country,
        }

    def employee(self, employer_id: str, country: str, start_on: str) -> dict[str, Any]:
        """Returns the fields of a new employee."""
        faker, female = self._fakers[country], self._rng.random() < 0.5
        first = str(faker.first_name_female() if female else faker.first_name_male())
        last = str(faker.last_name())
        self._nth += 1
        return {
            "employer_id": employer_id,
            "first_name": first,
            "last_name": last,
            "date_of_birth": self.date_of_birth(22, 60),
            "sex_at_birth": "female" if female else "male",
            "home_address": self.address(country),
            "nationality": country,
            "national_tax_id": self.tax_id(country),
            "start_on": start_on,
            "phone_number": _PHONES[country].format(self._rng.randrange(1_000_000, 10_000_000)),
            "email": f"employee.{self._nth}@{country}.kota.test",
            "bank_account": {"account_number": self.iban(country)},
            "metadata": {"id": f"emp-{self._nth:04d}"},
        }

    def relative(self, employee: dict[str, Any], relationship: str) -> dict[str, Any]:
        """Returns the fields of an associated person of the employee."""
        faker, female = self._fakers[employee["nationality"]], self._rng.random() < 0.5
        youngest, oldest = (1, 15) if relationship == "child" else (24, 60)
        return {
            "first_name": str(faker.first_name_female() if female else faker.first_name_male()),
            "last_name": employee["last_name"],
            "date_of_birth": self.date_of_birth(youngest, oldest),
            "sex_at_birth": "female" if female else "male",
            "relationship_type": relationship,
        }

    def date_of_birth(self, youngest: int, oldest: int) -> str:
        """Returns a date of birth; the person reaches an age from ``youngest`` to ``oldest`` in 2026."""
        year = 2026 - self._rng.randint(youngest, oldest)
        return f"{year}-{self._rng.randint(1, 12):02d}-{self._rng.randint(1, 28):02d}"

    def tax_id(self, country: str) -> str:
        """Returns a PPSN (ie), a National Insurance number (gb) or a DNI (es)."""
        match country:
            case "ie":
                digits = f"{self._rng.randrange(1_000_000, 10_000_000)}"
                total = sum(int(digit) * weight for digit, weight in zip(digits, range(8, 1, -1), strict=True))
                return digits + _PPSN[total % 23]
            case "gb":
                return f"AB{self._rng.randrange(100_000, 1_000_000)}{self._rng.choice('ABCD')}"
            case _:
                number = self._rng.randrange(10_000_000, 100_000_000)
                return f"{number}{_DNI[number % 23]}"

    def iban(self, country: str) -> str:
        from stdnum import iban
        from stdnum.es import ccc

        if country == "es":
            bank, number = "21000418", f"{self._rng.randrange(10**10):010d}"
            account = bank + ccc.calc_check_digits(f"{bank}00{number}") + number
        else:
            bank, digits = ("AIBK931152", 8) if country == "ie" else ("NWBK601613", 8)
            account = bank + f"{self._rng.randrange(10**digits):0{digits}d}"
        unchecked = f"{country.upper()}00{account}"
        return f"{country.upper()}{iban.calc_check_digits(unchecked)}{account}"

    def _postal_code(self, country: str, area: str) -> str:
        match country:
            case "ie":
                return f"{area} {''.join(self._rng.choice('ACDEFHKNPRTVWXY0123456789') for _ in range(4))}"
            case "gb":
                letters = "".join(self._rng.choice(_LETTERS) for _ in range(2))
                return f"{area} {self._rng.randint(1, 9)}{letters}"
            case _:
                return f"{area}{self._rng.randint(1, 55):02d}"
