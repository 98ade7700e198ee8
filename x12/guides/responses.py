"""835, 999, TA1 and 277CA: the segments we send (the sandbox clearinghouse and 999 for what we receive)."""

from __future__ import annotations

from x12.guides.parse import parse_guide

_PROCEDURE = (
    "{n}.1:AD,ER,HC,HP,IV,N4,N6,NU,UI,WK!! {n}.2:..48! {n}.3:2..2 {n}.4:2..2 {n}.5:2..2 {n}.6:2..2 "
    "{n}.7:..80<"
)
_CAS = "1:CO,CR,OA,PI,PR! " + " ".join(
    f"{n}:..5{'!' if n == 2 else ''} {n + 1}:${'!' if n == 2 else ''} {n + 2}:..15" for n in range(2, 20, 3)
)
_NAME = "2:1,2! 3:..60< 4:..35< 5:..25< 7:..10< 8:..2 9:2..80"
_CONTACT = "2:..60< 3:TE,EM,FX,EX,UR 4:..256 5:TE,EM,FX,EX,UR 6:..256 7:TE,EM,FX,EX,UR 8:..256"
_STREET = "1:..55<! 2:..55<"
_PLACE = "1:2..30<! 2:2..2 3:3..15 4:2..3"
_PLB = " ".join(f"{n}.1:..2 {n}.2:..50 {n + 1}:$" for n in range(3, 15, 2))

_PAYMENT = (
    "1:C,D,H,I,P,U,X! 2:$! 3:C,D! 4:ACH,BOP,CHK,FWT,NON! 5:CCP,CTX 6:01,04 7:3..12 8:DA,SG 9:..35 "
    "10:10..10 11:9..9 12:01,04 13:3..12 14:DA,SG 15:..35 16:8..8!"
)
_SUBMITTED = _PROCEDURE.format(n=6).replace("!!", "!")

REMITTANCE = parse_guide(
    f"""
BPR = {_PAYMENT}
TRN = 1:1! 2:..50! 3:10..10! 4:..50
CUR = 1:PR! 2:3..3! 3:..10
REF = 1:EV,F2! 2:..50!
DTM = 1:405! 2:8..8!
1000A/N1 = 1:PR! 2:..60<! 3:XV 4:2..80
1000A/N3 = {_STREET}
1000A/N4 = {_PLACE}
1000A/REF = 1:2U,EO,HI,NF! 2:..50!
1000A/PER = 1:BL,CX,IC! {_CONTACT}
1000B/N1 = 1:PE! 2:..60<! 3:FI,XV,XX! 4:2..80!
1000B/N3 = {_STREET}
1000B/N4 = {_PLACE}
1000B/REF = 1:0B,D3,PQ,TJ! 2:..50!
2000/LX = 1:..6!
2100/CLP = 1:..38! 2:1,2,3,4,19,20,21,22,23,25! 3:$! 4:$! 5:$ 6:..2! 7:..50! 8:..2 9:..1
2100/CAS = {_CAS}
2100/NM1 = 1:QC,IL,74,82,TT,PR,GB! {_NAME}
2100/MOA = 1:..10 2:$ 3:..50 4:..50 5:..50 6:..50 7:..50 8:$ 9:$
2100/REF = 1:1L,1W,28,6P,9A,9C,BB,CE,EA,F8,G1,G3,IG,SY,0B,1A,1B,1C,1D,1G,1H,1J,D3,G2,LU! 2:..50!
2100/DTM = 1:036,050,232,233! 2:8..8!
2100/PER = 1:CX! {_CONTACT}
2100/AMT = 1:AU,D8,DY,F5,I,NL,T,T2,ZK,ZL,ZM,ZN,ZO! 2:$!
2100/QTY = 1:..2! 2:..15!
2110/SVC = {_PROCEDURE.format(n=1)} 2:$! 3:$! 4:..48 5:..15 {_SUBMITTED} 7:..15
2110/DTM = 1:150,151,472! 2:8..8!
2110/CAS = {_CAS}
2110/REF = 1:..3! 2:..50!
2110/AMT = 1:B6,KH,T,T2,ZK,ZL,ZM,ZN,ZO! 2:$!
2110/QTY = 1:..2! 2:..15!
2110/LQ = 1:HE,RX! 2:..30!
PLB = 1:..50! 2:8..8! {_PLB}
"""
)

FUNCTIONAL_ACK = parse_guide(
    """
AK1 = 1:2..2! 2:..9! 3:..12!
AK2 = 1:3..3! 2:4..9! 3:..35
IK3 = 1:2..3! 2:..6! 3:..4 4:..3!
CTX-CLM = 1.1:CLM01!! 1.2:..35!
IK4 = 1.1:..2!! 1.2:..2 1.3:..4 2:..4 3:..3! 4:..99<
IK5 = 1:A,E,M,R,W,X! 2:..3 3:..3 4:..3 5:..3 6:..3
AK9 = 1:A,E,M,P,R,W,X! 2:..6! 3:..6! 4:..6! 5:..3 6:..3 7:..3 8:..3 9:..3
TA1 = 1:9..9! 2:6..6! 3:4..4! 4:A,E,R! 5:3..3!
"""
)

_STATUS = (
    "1.1:..3!! 1.2:..3! 1.3:..3 2:8..8 3:U,WQ 4:$ "
    "10.1:..3 10.2:..3 10.3:..3 11.1:..3 11.2:..3 11.3:..3 12:..264<"
)

CLAIM_ACK = parse_guide(
    f"""
BHT = 1:0085! 2:08! 3:..50! 4:8..8! 5:4..8! 6:TH!
HL = 1:..12! 2:..12 3:20,21,19,PT! 4:0,1
2100A/NM1 = 1:PR,AY! {_NAME}
2200A/TRN = 1:1! 2:..50!
2200A/DTP = 1:050,009! 2:D8! 3:8..8!
2200A/STC = {_STATUS}
2100B/NM1 = 1:41! {_NAME}
2200B/TRN = 1:2! 2:..50!
2200B/STC = {_STATUS}
2200B/QTY = 1:90,AA! 2:..15!
2200B/AMT = 1:YU,YY! 2:$!
2100C/NM1 = 1:85! {_NAME}
2200C/TRN = 1:1! 2:..50!
2200C/STC = {_STATUS}
2200C/REF = 1:..3! 2:..50!
2200C/QTY = 1:QA,QC! 2:..15!
2200C/AMT = 1:YU,YY! 2:$!
2100D/NM1 = 1:QC! {_NAME}
2200D/TRN = 1:2! 2:..50!
2200D/STC = {_STATUS}
2200D/REF = 1:1K,D9,BLT! 2:..50!
2200D/DTP = 1:472! 2:D8,RD8! 3:8..17!
2220D/SVC = 1.1:2..2!! 1.2:..48! 1.3:2..2 1.4:2..2 1.5:2..2 1.6:2..2 2:$!
2220D/STC = {_STATUS}
2220D/REF = 1:..3! 2:..50!
2220D/DTP = 1:472! 2:D8,RD8! 3:8..17!
"""
)
