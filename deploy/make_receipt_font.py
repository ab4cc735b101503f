"""Makes include/jinguo/review/fonts/receipt.ttf anew: the receipt's font, a small TrueType edition of Noto Sans CJK SC.

Only for whoever adds characters; nothing calls it. Needs fonttools and the system's fonts-noto-cjk:
``uv run --with fonttools deploy/make_receipt_font.py``. TrueType, because the PDF library embeds no other outlines; few
glyphs, because 65 000 would cost a second at each start.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection

PROJECT = Path(__file__).resolve().parents[1]
SOURCE = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
TARGET = PROJECT / "include" / "jinguo" / "review" / "fonts" / "receipt.ttf"
# In given names, and not in GB 2312.
NAMES = (
    "玥喆堃镕瑄珺昇祎婳翀晞玟珣珮琰琬瑀瑢瑨璟甯旻昉昕暐媖嫄姮婧姵妘妡玙璎珞琲瓒瑭瑱玚玠珩瑮璇璐璘璆琎珅珉珖珽琇琤"
    "铉锳镔铄铭锴钰钏锜镠镭赟赑赪昶晟晔晗晢曈曦曜煊煜煦燚燊焱垚尧犇骉骅骐骞骁淼沺洢洳洺浠涴淏淯湉湜溁溦滢潆澍澧濛"
    "灏玭怡忻恺悦惇愔懿韡韫頔颢颋勍劭劼勖吲哿喨囡圳坤垲埕塬墉岚峣嵘嵩嵚帷幂廙弈彧彣彤徕恂悫旸昀栩桢梽楠榕樾橦毓"
    "泓洵浩涵淇渲漪滟炅炜烨焓煐熠犀猷玎玹珈珧琚琛琨琮瑷璠璧甦畇畯皓皛睿矞砚祁祐祯祺禔禛禤稷竑笙笛筠箐簃綦纾绮绶缃缦翊翎"
    "翚翥翯聿臻芃芊芮芷苒苡苻茉茗荃荔荞莀莎莓莳菀菁菡萱葳蓁蓓蔓蔚蕙蕊薇藜蘅蘩虓衎袆裎觐訢詠諠谖谞豫贇赓跱轩辂迦逦邈"
    "郜郦鄞酃釉铖锬锟锽镕闳闻阗陟隽雅雯霁霈霏霖靓靖靥韬韶頫颀颉颐飏飒馡馥驭骎骕骝骢骧髙髫鬯魁鲲鸢鸿鹄鹂鹭麒麟黉黛鼐鼒龑䶮"
)
SIGNS = "\u3000·—–…“”‘’「」〔〕【】《》≠≥≤×÷±→√∑□■○●①②③④⑤⑥⑦⑧⑨⑩°%‰"


def wanted() -> set[str]:
    """GB 2312, what stands anywhere in schemas/, names, signs."""
    rows = range(0xA1, 0xFF)
    chars = {c for high in rows for low in rows for c in bytes([high, low]).decode("gb2312", "ignore")}
    for path in (PROJECT / "schemas").rglob("*"):
        if path.suffix in (".csv", ".yaml", ".json", ".md"):
            chars |= set(path.read_text("utf-8"))
    return {
        c for c in chars | set(NAMES + SIGNS) | set(map(chr, range(0x20, 0x7F))) if c.isprintable() or c == "\u3000"
    }


def main() -> None:
    font = next(font for font in TTCollection(SOURCE, lazy=True) if font["name"].getDebugName(4) == "Noto Sans CJK SC")
    cmap, outlines, widths = font.getBestCmap(), font.getGlyphSet(), font["hmtx"]
    kept = {ord(c): cmap[ord(c)] for c in sorted(wanted()) if ord(c) in cmap}
    order = list(dict.fromkeys([".notdef", *kept.values()]))
    glyphs = {}
    for name in order:
        pen = TTGlyphPen(None)
        outlines[name].draw(Cu2QuPen(pen, 1.0, reverse_direction=True))
        glyphs[name] = pen.glyph()
    builder = FontBuilder(font["head"].unitsPerEm, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(kept)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics({name: (widths[name][0], getattr(glyphs[name], "xMin", 0)) for name in order})
    builder.setupHorizontalHeader(ascent=font["hhea"].ascent, descent=font["hhea"].descent)
    builder.setupNameTable(
        {
            "familyName": "Jinguo Receipt Sans",
            "styleName": "Regular",
            "psName": "JinguoReceiptSans-Regular",
            "copyright": "© 2014-2021 Adobe. A subset of Noto Sans CJK SC.",
            "licenseDescription": "SIL Open Font License, Version 1.1",
            "licenseInfoURL": "https://scripts.sil.org/OFL",
        }
    )
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWinAscent=1160, usWinDescent=288)
    builder.setupPost(keepGlyphNames=False)
    builder.font["head"].created = builder.font["head"].modified = 0  # the same font, the same bytes
    builder.font.recalcTimestamp = False
    TARGET.parent.mkdir(exist_ok=True)
    builder.save(TARGET)
    print(f"{len(kept)} characters, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
