"""Words and phrases that insult, in the spelling left after folding (``toxicity.py``): a flag for a person to look at.

Chosen so that a hit is rarely harmless: words with an everyday meaning (操, 滚, trash, dog) are not here. Gathered by
hand for this project; it is a beginning that errs on the side of silence, and the forged model goes further.
"""

from __future__ import annotations

CHINESE = tuple(
    """
    傻逼 傻比 傻笔 傻吊 傻叉 傻缺 煞笔 沙比 沙雕玩意 脑残 智障玩意 弱智玩意 死智障 白痴玩意 蠢货 蠢猪 贱人 贱货
    贱婊 婊子 绿茶婊 臭婊 杂种 狗杂 畜生 狗东西 狗日的 狗娘养 狗逼 王八蛋 王八羔 龟孙 混蛋 浑蛋 人渣 败类玩意
    死全家 全家死光 不得好死 去死吧 怎么不去死 弄死你 砍死你 打死你 操你 草你妈 草泥马 日你妈 日你先人 艹你 肏
    干你娘 干你妈 你妈逼 妈逼 妈的智障 他妈的 特么的傻 尼玛的 你大爷的 滚犊子 滚蛋吧 装逼犯 死肥婆 死肥猪 死娘炮
    死变态 臭不要脸 不要脸的 黑鬼 尼哥 阿三狗 鬼佬 洋鬼子 小日本鬼子 棒子国 穷逼 土逼 屌丝女 母狗 骚货 荡妇 破鞋
    鸡婆 卖逼 烂货 烂逼 逼崽子 傻屌 屌毛 脑瘫玩意 孬种 狗腿子 狗奴才 支那 田园女婊 普信男狗 蝈蝻 国蝻 婚驴
    """.split()
)
LATIN = tuple(
    """
    fuck fucks fucked fucker fuckers fucking fuckin motherfucker motherfuckers motherfucking bitch bitches bitchy
    cunt cunts asshole assholes dumbass dumbasses dipshit shithead bullshitter dickhead dickheads cocksucker
    cocksuckers whore whores slut sluts skank faggot faggots fag fags tranny trannies nigger niggers nigga niggas
    chinks spic spics wetback wetbacks gook gooks kike kikes raghead ragheads towelhead retard retards retarded
    subhuman wanker wankers twat twats bastard bastards stfu gtfo kys nmsl cnm cnmb nmb sbnmsl tmd wcnm rnm caonima
    shabi shabee nimabi tamade hundan wangbadan jianren biaozi
    """.split()
)
"""Matched as whole words; the last row is pinyin, in full and by initials."""

PHRASES = (
    "kill yourself",
    "piece of shit",
    "go to hell",
    "eat shit",
    "suck my dick",
    "white trash",
    "son of a bitch",
    "go back to your country",
)
SPELLINGS = dict(
    zip("儍媽賤雜種滾殘腦豬蕩婦爛貨變態龜孫幹黒屄碧", "傻妈贱杂种滚残脑猪荡妇烂货变态龟孙干黑逼逼", strict=True)
)
"""Traditional and look-alike characters, to the one in the list."""
HALVES = {"婊": "女表", "贱": "贝戋", "妈": "女马", "你": "亻尔", "死": "歹匕", "滚": "氵衮"}
"""Characters and how they are written as their halves."""
MIXED = {
    "傻逼": ("傻b",),
    "傻叉": ("傻x",),
    "煞笔": ("煞b",),
    "妈逼": ("妈b",),
    "狗逼": ("狗b",),
    "他妈的": ("tm的", "特么的", "ta妈的"),
}
"""Terms and how they are written with Latin letters."""
MASKED = {"f*ck": "fuck", "f**k": "fuck", "f*ing": "fucking", "f*cking": "fucking", "b*tch": "bitch", "c*nt": "cunt"}
"""Words with a star in them that can be nothing else."""
LEET = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "i"}
)
"""Digits and signs in the place of letters."""
