"""What is commonly known of currencies: the codes of ISO 4217, their digits, the signs that people write."""

from typing import Final

# Active codes of money that people pay with.
# fmt: off
CODES: Final = frozenset({
    "AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN",
    "BHD", "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF",
    "CLF", "CLP", "CNY", "COP", "CRC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN",
    "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL",
    "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY", "KES", "KGS", "KHR",
    "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL",
    "MGA", "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MYR", "MZN", "NAD", "NGN",
    "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON",
    "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP",
    "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH",
    "UGX", "USD", "UYU", "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAF", "XCD", "XCG", "XOF",
    "XPF", "YER", "ZAR", "ZMW", "ZWG",
})
NO_DIGITS: Final = frozenset({
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
})
THREE_DIGITS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
FOUR_DIGITS: Final = frozenset({"CLF", "UYW"})
SIGNS: Final[dict[str, tuple[str, ...]]] = {
    "€": ("EUR",),
    "£": ("GBP", "FKP", "GIP", "SHP"),
    "$": ("USD", "AUD", "BBD", "BMD", "BND", "BSD", "BZD", "CAD", "CLP", "COP", "FJD", "GYD", "HKD", "JMD", "KYD",
          "LRD", "MXN", "NAD", "NZD", "SBD", "SGD", "SRD", "TTD", "TWD", "XCD", "ARS"),
    "US$": ("USD",), "A$": ("AUD",), "C$": ("CAD",), "CA$": ("CAD",), "HK$": ("HKD",), "NZ$": ("NZD",), "R$": ("BRL",),
    "¥": ("JPY", "CNY"), "円": ("JPY",), "元": ("CNY",),
    "kr": ("SEK", "NOK", "DKK", "ISK"), "kr.": ("DKK",),
    "zł": ("PLN",), "Kč": ("CZK",), "Ft": ("HUF",), "лв": ("BGN",), "lei": ("RON", "MDL"),
    "₺": ("TRY",), "₽": ("RUB",), "₴": ("UAH",), "₹": ("INR",), "₪": ("ILS",), "₫": ("VND",), "฿": ("THB",),
    "₩": ("KRW", "KPW"), "₦": ("NGN",), "₱": ("PHP",), "₸": ("KZT",), "₾": ("GEL",), "₼": ("AZN",), "₡": ("CRC",),
    "Fr.": ("CHF",), "SFr.": ("CHF",),
}
# fmt: on


def minor_digits(code: str) -> int:
    """Give the number of digits after the point by ISO 4217: two for most, none for JPY, three for KWD."""
    return 0 if code in NO_DIGITS else 3 if code in THREE_DIGITS else 4 if code in FOUR_DIGITS else 2
