"""Currencies of ISO 4217 by code, number, symbol and name, in Latin and Arabic."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

# Alphabetic and numeric code.
_ISO = """
AED784 AFN971 ALL008 AMD051 ANG532 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BGN975 BHD048 BIF108 BMD060
BND096 BOB068 BRL986 BSD044 BTN064 BWP072 BYN933 BZD084 CAD124 CDF976 CHF756 CLP152 CNY156 COP170 CRC188 CUP192 CVE132
CZK203 DJF262 DKK208 DOP214 DZD012 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 GEL981 GHS936 GIP292 GMD270 GNF324
GTQ320 GYD328 HKD344 HNL340 HTG332 HUF348 IDR360 ILS376 INR356 IQD368 IRR364 ISK352 JMD388 JOD400 JPY392 KES404 KGS417
KHR116 KMF174 KPW408 KRW410 KWD414 KYD136 KZT398 LAK418 LBP422 LKR144 LRD430 LSL426 LYD434 MAD504 MDL498 MGA969 MKD807
MMK104 MNT496 MOP446 MRU929 MUR480 MVR462 MWK454 MXN484 MYR458 MZN943 NAD516 NGN566 NIO558 NOK578 NPR524 NZD554 OMR512
PAB590 PEN604 PGK598 PHP608 PKR586 PLN985 PYG600 QAR634 RON946 RSD941 RUB643 RWF646 SAR682 SBD090 SCR690 SDG938 SEK752
SGD702 SHP654 SLE925 SOS706 SRD968 SSP728 STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TND788 TOP776 TRY949 TTD780
TWD901 TZS834 UAH980 UGX800 USD840 UYU858 UZS860 VES928 VND704 VUV548 WST882 XAF950 XCD951 XOF952 XPF953 YER886 ZAR710
ZMW967 ZWG924 VED926 SLL694 ZWL932 HRK191 CUC931
"""
CODES = frozenset(word[:3] for word in _ISO.split())
_BY_NUMBER = {word[3:]: word[:3] for word in _ISO.split()}
# Only what stands for one currency; `$`, a bare dinar or dirham stand for several.
_NAMES = {
    "SAR": "ر.س|ر.س.|ريال سعودي|الريال السعودي|ريال|SR|Saudi Riyal|Riyal|\u20c1",
    "AED": "د.إ|درهم إماراتي|درهم اماراتي|درهم امارتي|UAE Dirham|Dhs",
    "KWD": "د.ك|دينار كويتي|Kuwaiti Dinar|KD",
    "BHD": "د.ب|.د.ب|دينار بحريني|Bahraini Dinar|BD",
    "QAR": "ر.ق|ريال قطري|Qatari Riyal|QR",
    "OMR": "ر.ع|ر.ع.|ريال عماني|ريال عُماني|Omani Rial",
    "EGP": "ج.م|جنيه مصري|Egyptian Pound|E£|LE",
    "JOD": "د.أ|د.ا|دينار أردني|دينار اردني|Jordanian Dinar|JD",
    "IQD": "د.ع|ع.د|دينار عراقي|Iraqi Dinar",
    "LBP": "ل.ل|ليرة لبنانية|Lebanese Pound",
    "SYP": "ل.س|ليرة سورية|Syrian Pound",
    "YER": "ر.ي|ريال يمني|Yemeni Rial",
    "MAD": "د.م|درهم مغربي|Moroccan Dirham",
    "TND": "د.ت|دينار تونسي|Tunisian Dinar",
    "DZD": "د.ج|دينار جزائري|Algerian Dinar",
    "LYD": "د.ل|ل.د|دينار ليبي|Libyan Dinar",
    "SDG": "ج.س|جنيه سوداني|Sudanese Pound",
    "TRY": "₺|ليرة تركية|Turkish Lira|TL",
    "USD": "US$|دولار أمريكي|دولار امريكي|US Dollar|United States Dollar",
    "EUR": "€|يورو|Euro",
    "GBP": "£|جنيه إسترليني|جنيه استرليني|Pound Sterling|British Pound",
    "INR": "₹|روبية هندية|Indian Rupee",
    "PKR": "روبية باكستانية|Pakistani Rupee",
    "ILS": "₪",
    "NGN": "₦",
    "KRW": "₩",
    "VND": "₫",
    "PHP": "₱",
    "UAH": "₴",
    "RUB": "₽",
    "KZT": "₸",
    "GEL": "₾",
    "CHF": "Fr|Swiss Franc",
    "PLN": "zł",
    "CZK": "Kč",
}
_ARABIC = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_NOISE = re.compile(r"[\s.\u0640]+")


def currency_code(value: str) -> str | None:
    """The code that a code, number, symbol or name stands for; None where it stands for none, or for several."""
    text = html.unescape(value).translate(_ARABIC).strip()
    if text.isdecimal():
        return _BY_NUMBER.get(text.zfill(3))
    key = _key(text)
    return key.upper() if key.upper() in CODES else _by_name().get(key)


def _key(text: str) -> str:
    """Without case, space, dots, and marks that nobody sees."""
    visible = "".join(one for one in text if unicodedata.category(one) != "Cf")
    return _NOISE.sub("", visible).casefold()


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    return {_key(name): code for code, names in _NAMES.items() for name in names.split("|")}
