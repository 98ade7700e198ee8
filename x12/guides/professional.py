"""837P 005010X222A1: the segments we send, loop by loop. Read by x12/writer.py; language in parse.py."""

from __future__ import annotations

from x12.guides.parse import parse_guide

_NAME = "2:1,2 3:..60< 4:..35< 5:..25< 7:..10<"
_PROVIDER_NAME = "2:1,2! 3:..60<! 4:..35< 5:..25< 7:..10< 8:XX,FI,24,34,XV 9:2..80"
_STREET = "1:..55<! 2:..55<"
_PLACE = "1:2..30<! 2:2..2 3:3..15 4:2..3"
_CONTACT = "1:IC! 2:..60< 3:TE,EM,FX,EX,UR! 4:..256! 5:TE,EM,FX,EX,UR 6:..256 7:TE,EM,FX,EX,UR 8:..256"
_BIRTH = "1:D8! 2:8..8! 3:F,M,U!"
_SECOND_ID = "1:0B,1G,G2,LU,EI,SY,X5,2U,FY,NF! 2:..50!"
_RELATION = "01,18,19,20,21,39,40,53,G8"
_CAUSES = "11.1:AA,EM,OA 11.2:AA,EM,OA 11.3:AA,EM,OA 11.4:2..2 11.5:2..3"
_PROCEDURE = "{n}.1:HC,ER,IV,WK!! {n}.2:..48! {n}.3:2..2 {n}.4:2..2 {n}.5:2..2 {n}.6:2..2 {n}.7:..80<"
_CLAIM = (
    f"1:..20! 2:$! 5.1:2..2!! 5.2:B! 5.3:1,6,7,8! 6:Y,N! 7:A,B,C! 8:Y,N,W! 9:Y,I! 10:P {_CAUSES} "
    "12:02,03,05,09 20:1,2,3,4,5,6,7,8,9,10,11,15"
)
_SERVICE = "2:$! 3:UN,MJ! 4:..15! 5:2..2 7.1:..2!! 7.2:..2 7.3:..2 7.4:..2 9:Y 11:Y 12:Y 15:0"
_CAS = "1:CO,CR,OA,PI,PR! " + " ".join(
    f"{n}:..5{'!' if n == 2 else ''} {n + 1}:${'!' if n == 2 else ''} {n + 2}:..15" for n in range(2, 20, 3)
)
_DIAGNOSES = "1.1:ABK!! 1.2:..30! " + " ".join(f"{n}.1:ABF! {n}.2:..30!" for n in range(2, 13))
_CODES = " ".join(f"{n}.1:{{q}}! {n}.2:..30!" for n in range(1, 13))
_REFERENCES = "9A,9C,4N,F5,EW,9F,G1,F8,X4,LX,D9,EA,P4,1J"
_PERSON_FACTS = "5:D8 6:8..8 7:01 8:..10 9:Y"
_TRANSPORT = "1:LB 2:..10 4:A,B,C,D,E! 5:DH! 6:..15! 9:..80< 10:..80<"
_ATTACHMENT = "1:2..2! 2:AA,BM,EL,EM,FT,FX! 5:AC 6:2..80"
_CONDITIONS = "2:Y,N! 3:2..3! 4:2..3 5:2..3 6:2..3 7:2..3"
_CONTRACT = "{loop}/CN1 = 1:01,02,03,04,05,06,09! 2:$ 3:..6 4:..50 5:..6 6:..30"
_PRICING = (
    "{loop}/HCP = 1:00,01,02,03,04,05,06,07,08,09,10,11,12,13,14! 2:$! 3:$ 4:..50 5:..9 6:..50 7:$ 9:ER,HC,IV,WK "
    "10:..48 11:MJ,UN 12:..15 13:T1,T2,T3,T4,T5,T6 14:1,2,3,4,5 15:1,2,3,4,5,6"
)
_OTHER_PROVIDERS = "\n".join(
    f"{loop}/NM1 = 1:{roles}! 2:1,2!\n{loop}/REF = 1:0B,1G,G2,LU! 2:..50!"
    for loop, roles in (
        ("2330C", "DN,P3"),
        ("2330D", "82"),
        ("2330E", "77"),
        ("2330F", "DQ"),
        ("2330G", "85"),
    )
)
_DATES = "431,484,454,304,453,439,455,471,314,360,361,297,296,435,096,090,091,444,050"


def _loop(loop: str, qualifiers: str, *more: str) -> str:
    """A provider loop: name with its qualifiers, then the given segments."""
    return "\n".join([f"{loop}/NM1 = 1:{qualifiers}! {_PROVIDER_NAME}", *more])


def _places(pick_up: str, drop_off: str) -> str:
    """Where an ambulance took the patient up and set him down."""
    names = (f"{pick_up}/NM1 = 1:PW! 2:2!", f"{drop_off}/NM1 = 1:45! 2:2! 3:..60<")
    where = (f"{loop}/N3 = {_STREET}\n{loop}/N4 = {_PLACE}" for loop in (pick_up, drop_off))
    return "\n".join((*names, *where))


PROFESSIONAL = parse_guide(
    f"""
BHT = 1:0019! 2:00,18! 3:..50! 4:8..8! 5:4..8! 6:CH,RP,31!
1000A/NM1 = 1:41! 2:1,2! 3:..60<! 4:..35< 5:..25< 8:46! 9:2..80!
1000A/PER = {_CONTACT}
1000B/NM1 = 1:40! 2:2! 3:..60<! 8:46! 9:2..80!
2000A/HL = 1:..12! 3:20! 4:1!
2000A/PRV = 1:BI! 2:PXC! 3:10..10!
2000A/CUR = 1:85! 2:3..3!
{_loop("2010AA", "85")}
2010AA/N3 = {_STREET}
2010AA/N4 = {_PLACE}
2010AA/REF = 1:EI,SY,0B,1G! 2:..50!
2010AA/PER = {_CONTACT}
2010AB/NM1 = 1:87! 2:1,2!
2010AB/N3 = {_STREET}
2010AB/N4 = {_PLACE}
2010AC/NM1 = 1:PE! 2:2! 3:..60<! 8:PI,XV! 9:2..80!
2010AC/N3 = {_STREET}
2010AC/N4 = {_PLACE}
2010AC/REF = 1:2U,FY,NF,EI! 2:..50!
2000B/HL = 1:..12! 2:..12! 3:22! 4:0,1!
2000B/SBR = 1:P,S,T,A,B,C,D,E,F,G,H,U! 2:18 3:..50 4:..60< 5:12,13,14,15,16,41,42,43,47 9:..2
2000B/PAT = {_PERSON_FACTS}
2010BA/NM1 = 1:IL! {_NAME} 8:MI,II 9:2..80
2010BA/N3 = {_STREET}
2010BA/N4 = {_PLACE}
2010BA/DMG = {_BIRTH}
2010BA/REF = 1:SY,Y4! 2:..50!
2010BB/NM1 = 1:PR! 2:2! 3:..60<! 8:PI,XV! 9:2..80!
2010BB/N3 = {_STREET}
2010BB/N4 = {_PLACE}
2010BB/REF = {_SECOND_ID}
2000C/HL = 1:..12! 2:..12! 3:23! 4:0!
2000C/PAT = 1:{_RELATION}! {_PERSON_FACTS}
2010CA/NM1 = 1:QC! {_NAME}
2010CA/N3 = {_STREET}
2010CA/N4 = {_PLACE}
2010CA/DMG = {_BIRTH}
2010CA/REF = 1:Y4! 2:..50!
2300/CLM = {_CLAIM}
2300/DTP = 1:{_DATES}! 2:D8,RD8! 3:8..17!
2300/PWK = {_ATTACHMENT}
{_CONTRACT.format(loop="2300")}
2300/AMT = 1:F5! 2:$!
2300/REF = 1:{_REFERENCES}! 2:..50!
2300/K3 = 1:..80!
2300/NTE = 1:ADD,CER,DCP,DGN,TPO! 2:..80<!
2300/CR1 = {_TRANSPORT}
2300/CR2 = 8:A,C,D,E,F,G,M! 10:..80< 11:..80<
2300/CRC = 1:07,E1,E2,E3,75,ZZ! {_CONDITIONS}
2300/HI = {_DIAGNOSES}
2300/HI-BP = 1.1:BP!! 1.2:..30! 2.1:BO! 2.2:..30!
2300/HI-BG = {_CODES.format(q="BG")}
{_PRICING.format(loop="2300")}
{_loop("2310A", "DN,P3", f"2310A/REF = {_SECOND_ID}")}
{_loop("2310B", "82", "2310B/PRV = 1:PE! 2:PXC! 3:10..10!", f"2310B/REF = {_SECOND_ID}")}
{_loop("2310C", "77", f"2310C/N3 = {_STREET}", f"2310C/N4 = {_PLACE}", f"2310C/REF = {_SECOND_ID}")}
2310C/PER = {_CONTACT}
{_loop("2310D", "DQ", f"2310D/REF = {_SECOND_ID}")}
{_places("2310E", "2310F")}
2320/SBR = 1:P,S,T,A,B,C,D,E,F,G,H,U! 2:{_RELATION}! 3:..50 4:..60< 5:12,13,14,15,16,41,42,43,47 9:..2
2320/CAS = {_CAS}
2320/AMT = 1:D,EAF,A8! 2:$!
2320/OI = 3:Y,N,W! 4:P 6:Y,I!
2320/MOA = 1:..10 2:$ 3:..50 4:..50 5:..50 6:..50 7:..50 8:$ 9:$
2330A/NM1 = 1:IL! {_NAME} 8:MI,II 9:2..80
2330A/N3 = {_STREET}
2330A/N4 = {_PLACE}
2330B/NM1 = 1:PR! 2:2! 3:..60<! 8:PI,XV! 9:2..80!
2330B/N3 = {_STREET}
2330B/N4 = {_PLACE}
2330B/DTP = 1:573! 2:D8! 3:8..8!
2330B/REF = 1:F8,G1,9F,T4,2U,EI,FY,NF! 2:..50!
{_OTHER_PROVIDERS}
2400/LX = 1:..6!
2400/SV1 = {_PROCEDURE.format(n=1)} {_SERVICE}
2400/SV5 = 1.1:HC!! 1.2:..48! 2:DA! 3:..15! 4:$ 5:$ 6:1,4,6
2400/PWK = {_ATTACHMENT}
2400/PWK-CT = 1:CT! 2:AB,AD,AF,AG,NS!
2400/CR1 = {_TRANSPORT}
2400/CR3 = 1:I,R,S! 2:MO! 3:..15!
2400/CRC = 1:07,70,09! {_CONDITIONS}
2400/DTP = 1:472,471,607,463,461,304,738,739,011,455,454! 2:D8,RD8! 3:8..17!
2400/QTY = 1:PT,FL! 2:..15!
2400/MEA = 1:OG,TR! 2:HT,R1,R2,R3,R4! 3:..20!
{_CONTRACT.format(loop="2400")}
2400/REF = 1:6R,G1,9F,X4,EW,F4,BT,9B,9D! 2:..50!
2400/AMT = 1:T,F4! 2:$!
2400/K3 = 1:..80!
2400/NTE = 1:ADD,DCP,TPO! 2:..80<!
2400/PS1 = 1:..50! 2:$!
{_PRICING.format(loop="2400")}
2410/LIN = 2:N4,EN,EO,HI,ON,UK,UP! 3:..48!
2410/CTP = 4:..15! 5.1:F2,GR,ME,ML,UN!!
2410/REF = 1:VY,XZ! 2:..50!
{_loop("2420A", "82", "2420A/PRV = 1:PE! 2:PXC! 3:10..10!", f"2420A/REF = {_SECOND_ID}")}
2420B/NM1 = 1:QB! 2:1,2! 8:XX 9:2..80
2420B/REF = 1:0B,1G,G2! 2:..50!
{_loop("2420C", "77", f"2420C/N3 = {_STREET}", f"2420C/N4 = {_PLACE}", f"2420C/REF = {_SECOND_ID}")}
{_loop("2420D", "DQ", f"2420D/REF = {_SECOND_ID}")}
{_loop("2420E", "DK", f"2420E/N3 = {_STREET}", f"2420E/N4 = {_PLACE}", f"2420E/REF = {_SECOND_ID}")}
2420E/PER = {_CONTACT}
{_loop("2420F", "DN", f"2420F/REF = {_SECOND_ID}")}
{_places("2420G", "2420H")}
2430/SVD = 1:2..80! 2:$! {_PROCEDURE.format(n=3)} 5:..15! 6:..6
2430/CAS = {_CAS}
2430/DTP = 1:573! 2:D8! 3:8..8!
2430/AMT = 1:EAF! 2:$!
2440/LQ = 1:AS,UT! 2:..30!
2440/FRM = 1:..20! 2:N,W,Y 3:..50 4:8..8 5:..6
"""
)
