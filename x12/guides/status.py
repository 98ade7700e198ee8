"""276 and 277 (005010X212): the segments the house and its sandbox send."""

from __future__ import annotations

from x12.guides.parse import parse_guide

_NAME = "2:1,2! 3:..60< 4:..35< 5:..25< 7:..10< 8:..2 9:2..80"
_STATUS = (
    "1.1:..3!! 1.2:..3! 1.3:..3 2:8..8! 4:$ 5:$ 6:8..8 8:8..8 9:..16 "
    "10.1:..3 10.2:..3 10.3:..3 11.1:..3 11.2:..3 11.3:..3 12:..264<"
)

CLAIM_STATUS = parse_guide(
    f"""
BHT = 1:0010! 2:08,13! 3:..50! 4:8..8! 5:4..8! 6:DG
HL = 1:..12! 2:..12 3:20,21,19,22,23! 4:0,1
2100A/NM1 = 1:PR! {_NAME}
2100B/NM1 = 1:41! {_NAME}
2100C/NM1 = 1:1P! {_NAME}
2000/DMG = 1:D8 2:8..8 3:F,M,U
2100D/NM1 = 1:IL! {_NAME}
2100E/NM1 = 1:QC! {_NAME}
2200/TRN = 1:1,2! 2:..50!
2200/STC = {_STATUS}
2200/REF = 1:..3! 2:..50!
2200/AMT = 1:T3! 2:$!
2200/DTP = 1:472! 2:D8,RD8! 3:8..17!
"""
)
