"""270 and 271 (005010X279A1): the segments the house and its sandbox send."""

from __future__ import annotations

from x12.guides.parse import parse_guide

_NAME = "2:1,2! 3:..60< 4:..35< 5:..25< 7:..10< 8:..2 9:2..80"

ELIGIBILITY = parse_guide(
    f"""
BHT = 1:0022! 2:11,13! 3:..50! 4:8..8! 5:4..8!
HL = 1:..12! 2:..12 3:20,21,22,23! 4:0,1!
AAA = 1:Y,N! 3:..2! 4:..1!
2100A/NM1 = 1:PR! {_NAME}
2100B/NM1 = 1:1P! {_NAME}
2000/TRN = 1:1,2! 2:..50! 3:10..10!
2100C/NM1 = 1:IL! {_NAME}
2100D/NM1 = 1:03! {_NAME}
2100/REF = 1:..3! 2:..50!
2100/DMG = 1:D8 2:8..8 3:F,M,U
2100/INS = 1:N,Y! 2:2..2!
2100/DTP = 1:..3! 2:D8,RD8! 3:8..17!
2110/EQ = 1:..2!
2110/EB = 1:..2! 2:3..3 3:..2 4:..3 5:..50< 6:..2 7:$ 8:..10 9:2..2 10:..15 11:N,U,Y 12:N,U,W,Y
2110/DTP = 1:..3! 2:D8,RD8! 3:8..17!
2110/MSG = 1:..264<!
2110/LS = 1:2120!
2120/NM1 = 1:..3! {_NAME}
2110/LE = 1:2120!
"""
)
