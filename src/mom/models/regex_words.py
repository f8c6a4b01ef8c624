r"""The words that the `regex` stage looks for, in English and about ten other languages.

Every gap is bounded (`.{0,40}`), so that no text makes a search slow. Words of scripts without spaces have no `\b`.
"""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# What a picture is called.
_PICTURE = (
    r"(?:pic(?:ture|s)?|images?|photo(?:graph)?s?|drawings?|paintings?|sketch(?:es)?|illustrations?|portraits?|artworks?"
    r"|wallpapers?|posters?|logos?|icons?|avatars?|stickers?|banners?|mascots?|emblems?|flyers?|doodles?|cartoons?|murals?"
    r"|(?:book|album|magazine) covers?|concept art|pixel art|clip ?art|line art|fan ?art|watercolou?rs?|thumbnails?|tattoos?"
    r"|coloring pages?|comic strips?|visuali[sz]ations? of"
    r"|bild(?:er)?|foto(?:s|grafie)?|zeichnung|gemälde|skizze|porträt|plakat"
    r"|dessins?|peintures?|affiches?|imagen(?:es)?|dibujos?|fotos?|pinturas?|retratos?|carteles?|imagens?|imagem|desenhos?"
    r"|immagin[ei]|disegn[oi]|dipint[oi]|ritratt[oi]|afbeelding|tekening|schilderij|plaatje"
    r"|obraz(?:ek|ki)?|rysunek|zdjęcie|картин[ауыке]+|рисун[а-я]+|изображени[а-я]+|портрет|малюнок|зображення"
    r"|resim|resmi|çizim|görsel|fotoğraf)"
)

# "Draw", in each language: enough by itself, whatever follows.
DRAW = _any(
    r"\b(?:draw|paint|sketch|illustrate|doodle|re-?draw|re-?paint)\b(?!\s+(?:(?:a|an|any|some|your|the)\s+)?(?:\w+\s+)?"
    r"(?:conclusions?|parallels?|comparisons?|distinctions?|inferences?|lessons?|attention|lots?|line between|up|on|upon|from|near)\b)",
    r"\b(?:zeichne|zeichnet|male? (?:mir|uns|bitte|ein\w*)|skizziere|illustriere)\b",
    r"\b(?:dessine(?:-moi|z)?|peins|illustre)\b",
    r"\b(?:dib[uú]j(?:a|e|ame|eme)|pinta(?:me)?|ilustra)\b",
    r"\b(?:desenh[ae](?:-me)?|pinte|ilustre)\b",
    r"\b(?:disegna(?:mi)?|dipingi(?:mi)?|illustra)\b",
    r"\b(?:teken|schilder|schets)\b",
    r"\b(?:narysuj|namaluj|naszkicuj)\b",
    r"\b(?:нарисуй(?:те)?|изобрази(?:те)?|намалюй(?:те)?|зобрази)\b",
    r"\b(?:çiz|çizer misin|resmet)\b",
    r"画(?:一|个|張|张|出|幅|只|我|个)|绘制|繪製|画成|给我画|(?:描いて|書いて絵|描け|イラスト(?:を|に)|絵を)",
    r"그려\s?(?:줘|주세요|봐|라)|그림(?:을|으로)|(?:ارسم|ارسمي|لوّن)|(?:चित्र|तस्वीर)\s?(?:बना|दिखा)",
)

# "Make … a picture": a verb of making, and a picture's name soon after it, in either order.
MAKE_PICTURE = _any(
    r"\b(?:generate|create|make|design|produce|render|show|give|send|craft|compose|visuali[sz]e|i (?:want|need|would like|'d like)"
    r"|can i (?:get|have|see)|let me see|how about|imagine)\b.{0,40}?\b" + _PICTURE + r"\b",
    r"\b(?:erstelle|erzeuge|generiere|mach|mache|zeig|zeige|gib|entwirf|gestalte|ich (?:will|möchte|hätte|brauche))\b.{0,40}?\b\w*"
    + _PICTURE
    + r"\b",
    r"\b(?:crée|créer|génère|fais|faites|montre|donne|conçois|je (?:veux|voudrais))(?:-moi)?\b.{0,40}?\b"
    + _PICTURE
    + r"\b",
    r"\b(?:crea|genera|haz|hazme|muestra|muéstrame|diseña|quiero|quisiera|necesito)\b.{0,40}?\b" + _PICTURE + r"\b",
    r"\b(?:crie|cria|gere|gera|faça|faz|mostre|quero|preciso)\b.{0,40}?\b(?:de )?" + _PICTURE + r"\b",
    r"\b(?:crea|creami|genera|fai|fammi|mostra|mostrami|voglio|vorrei|progetta)\b.{0,40}?\b" + _PICTURE + r"\b",
    r"\b(?:maak|genereer|toon|laat|ontwerp|ik wil)\b.{0,40}?\b" + _PICTURE + r"\b",
    r"\b(?:stwórz|wygeneruj|zrób|pokaż|zaprojektuj|chcę)\b.{0,40}?\b" + _PICTURE + r"\b",
    r"\b(?:создай|сгенерируй|сделай|покажи|хочу|придумай|створи|згенеруй|зроби)(?:те)?\b.{0,40}?\b" + _PICTURE,
    r"\b" + _PICTURE + r"\b.{0,30}?\b(?:yap|oluştur|üret|göster|çiz|tasarla|istiyorum)",
    r"(?:生成|创建|制作|做|设计|給我|给我|来|來).{0,20}?(?:图片|图像|圖片|照片|插画|插圖|海报|海報|头像|标志|壁纸|画)",
    r"(?:画像|写真|イラスト|絵|ロゴ|ポスター).{0,12}?(?:作|生成|描|見せ|ください|欲し)",
    r"(?:그림|이미지|사진|로고|포스터|일러스트).{0,12}?(?:만들|생성|그려|보여)",
    r"(?:أنشئ|اصنع|صمم|أريد|ولّد|اعرض).{0,30}?(?:صورة|رسمة|لوحة|شعار)|(?:छवि|चित्र|तस्वीर|फोटो).{0,15}?(?:बनाओ|बनाइए|बनाएं|दिखाओ)",
)

# A thing that only exists as a picture, named without a verb: "a logo for my bakery".
NAMED_PICTURE = _any(
    r"^(?:please\s+)?(?:(?:a|an|one|my|some|new|ein|eine|un|une|una|um|uma|een)\s+)(?:\w+[ -]){0,4}?"
    + _PICTURE
    + r"\b",
    r"^(?:logo|poster|icon|avatar|wallpaper|sticker|banner|photo|picture|image|portrait|illustration|painting|drawing|sketch)\s"
    r"+(?:for|of|with|showing)\b",
)

# How image prompts are written: media, cameras, renderers, tags.
STYLE = _any(
    r"\b(?:[48]k|uhd|octane render|unreal engine|artstation|photo-?realistic|hyper-?realistic|cinematic light\w*|volumetric light\w*"
    r"|highly detailed|ultra detailed|intricate details?|sharp focus|depth of field|bokeh|\d{2,3} ?mm(?: lens)?|f/\d|concept art"
    r"|digital (?:art|painting)|matte painting|oil (?:painting|on canvas)|water ?colou?r|acrylic|charcoal|pencil drawing|pixel art"
    r"|low poly|isometric|vector art|line art|studio ghibli|anime style|art nouveau|ukiyo-e|vaporwave|cyberpunk style|steampunk style"
    r"|golden hour|long exposure|macro (?:shot|photo\w*)|aerial view|close-?up|wide (?:angle|shot)|trending on|by greg rutkowski"
    r"|in the style of (?:van gogh|picasso|monet|hokusai|rembrandt|klimt|dal[ií]|warhol))\b|--(?:ar|v|stylize|niji)\b",
    r"\b(?:ölgemälde|aquarell|huile sur toile|aquarelle|óleo sobre lienzo|acuarela|olio su tela|acquerello|акварель|маслом)\b",
    r"水彩|油画|油絵|浮世绘|浮世絵|水墨|赛博朋克|수채화|유화",
)

# Words are wanted, whatever else is named: code, prompts, texts about pictures.
WORDS_WANTED = _any(
    r"^(?:def \w+\(|class \w+[:(]|from \S+ import|import \w+$|#include|\{|//|/\*)",
    r"\b(?:ascii|svg|mermaid|html|css|latex|tikz|graphviz|matplotlib|python|javascript|java|sql|regex|c\+\+|code|script|function)\b",
    r"\b(?:write|compose|draft|tell|give|make|create|generate|suggest|need|want)\b.{0,30}?\b(?:prompts?|poems?|haikus?|limericks?|story|stories"
    r"|essays?|captions?|alt[- ]text|descriptions?|paragraphs?|emails?|letters?|lists?|tables?|tweets?|recipes?|plans?|jokes?|songs?|lyrics"
    r"|summar(?:y|ies)|articles?|blog|headlines?|slogans?|names?|titles?|quiz|outline|speech|dialogue|review|report|sentences?)\b",
    r"\bin (?:your own )?words\b|\b(?:paint|draw) (?:me )?a picture of (?:how|what|why|the (?:situation|economy|market))\b",
    r"\b(?:schreib\w*|erklär\w*|beschreib\w*|übersetz\w*|fass\w* zusammen|nenne|erzähl\w*)\b",
    r"\b(?:écri[st]|écrivez|explique\w*|décri[st]|tradui[st]|résume\w*|raconte\w*|rédige\w*)\b",
    r"\b(?:escrib[ea]\w*|explica\w*|describ[ea]\w*|traduc[ei]\w*|resum[ea]\w*|cuéntame|escrev[ea]\w*|explique|descrev[ea]\w*|conte)\b",
    r"\b(?:scrivi\w*|spiega\w*|descrivi\w*|traduci\w*|riassumi\w*|racconta\w*|schrijf|leg uit|beschrijf|vertaal|vertel)\b",
    r"\b(?:napisz|wyjaśnij|opisz|przetłumacz|streść|opowiedz|напиши\w*|объясни\w*|опиши\w*|переведи\w*|расскажи\w*|поясни|розкажи)\b",
    r"\b(?:yaz|açıkla|anlat|çevir|özetle|tanımla)\b|写一|寫一|解释|解釋|翻译|翻譯|描述|总结|總結|告诉我|書いてください|説明|翻訳|要約|教えて",
    r"설명|번역|요약|써\s?(?:줘|주세요)|알려|اكتب|اشرح|ترجم|لخص|صف|लिखो|लिखिए|समझा|अनुवाद|बताओ|बताइए",
)

# The message begins as a question, a task, or a word of politeness.
ASKS_OR_TELLS = _any(
    r"^(?:what|why|how|who|whose|whom|when|where|which|is|are|was|were|do|does|did|has|have|should|could|would|will|am|may"
    r"|explain|describe|summari[sz]e|translate|write|rewrite|list|compare|define|calculate|compute|solve|tell|give me (?:\d+|a list|some|tips|an)"
    r"|suggest|recommend|analy[sz]e|classify|edit|correct|fix|debug|implement|convert|find|identify|name|answer|discuss|outline"
    r"|provide|prove|act as|you are|imagine you|i(?:'m| am| have| was|'ve)|my|we|hi|hello|hey|thanks?|thank you|ok(?:ay)?|yes|no|sure|cool"
    r"|nice|great|lol|good (?:morning|evening|night)|can you (?:explain|tell|help|write|summari[sz]e)|help|remind|set|book|play|call|turn|put|choose"
    r"|given|if|consider|suppose|assume|let|from|import|def|class|select|for|while|#|//|<|\{)\b",
    r"^(?:was|warum|wie|wer|wann|wo|welche\w*|ist|sind|kannst du (?:mir )?(?:erklären|sagen)|danke|hallo)\b",
    r"^(?:quoi|que|qu'|pourquoi|comment|qui|quand|où|quel\w*|est-ce|merci|bonjour|qué|por qué|cómo|quién|cuándo|dónde|cuál|gracias|hola)\b",
    r"^(?:o que|por que|como|quem|quando|onde|qual|obrigad[oa]|che cosa|cosa|perché|come|chi|dove|quale|grazie|ciao|wat|waarom|hoe|wie)\b",
    r"^(?:co|dlaczego|jak|kto|kiedy|gdzie|jaki\w*|dziękuję|что|почему|как|кто|когда|где|какой|сколько|спасибо|привет|що|чому|як|хто)\b",
    r"^(?:ne|neden|nasıl|kim|nerede|hangi|teşekkür\w*|merhaba)\b|^(?:什么|为什么|怎么|谁|哪|如何|请问|谢谢|你好|なぜ|何|どう|誰|ありがとう)",
)
QUESTION_END = re.compile(r"[?？؟]\s*$|(?:吗|呢|か|ですか|까|까요|나요)[。.？?]?\s*$")
# "Can you draw …?" is a request in spite of its question mark.
POLITE_REQUEST = _any(
    r"^(?:please\b.{0,10})?(?:can|could|would|will) (?:you|u|i)\b", r"\b(?:please|bitte|por favor|пожалуйста)\b"
)

# After a picture: a change to it.
CHANGES_PICTURE = _any(
    r"^(?:(?:now|ok(?:ay)?|and|but|please|can you|could you|great|nice|perfect|cool|hmm+|no)[, ]+){0,3}(?:make|change|turn|add|remove|replace|put|give"
    r"|use|try|swap|move|zoom|crop|rotate|flip|render|redo|do|set|keep|let)\b",
    r"\b(?:another (?:one|version|try)|again|instead|(?:bigger|smaller|brighter|darker|bluer|redder|greener|closer|wider|taller|warmer|colder|softer)\b"
    r"|more (?:of|colou?r\w*|realistic|detail\w*|contrast|light|dramatic|blue|red|green)|less \w+|without (?:the|any|a)|with (?:a|an|more|less|no)\b"
    r"|in (?:black and white|blue|red|green|yellow|the style|winter|summer|autumn|spring|colou?r|a forest)|at (?:night|sunset|sunrise|dawn|dusk)"
    r"|same (?:but|thing|one|picture)|different (?:angle|background|colou?r|style)|as (?:a|an) (?:painting|cartoon|photo|sketch|watercolou?r|poster))\b",
    r"\b(?:mach|mache|füge|entferne|ändere|noch (?:ein\w*|mal)|heller|dunkler|größer|kleiner|blauer|ohne|statt(?:dessen)?)\b",
    r"\b(?:rends|ajoute|enlève|change|encore une|plus (?:grand|petit|clair|sombre)|sans|hazl[oa]|añade|quita|cambia|otr[ao]|más|sin)\b",
    r"\b(?:faça|deixe|adicione|remova|mude|outr[ao]|mais|sem|rendil[oa]|aggiungi|togli|cambia|un'altra|più|senza|maak|voeg|verwijder|zonder)\b",
    r"\b(?:zrób|dodaj|usuń|zmień|jeszcze|bez|сделай|добавь|убери|измени|ещё|еще|без|зроби|додай|yap|ekle|kaldır|değiştir|daha)\b",
    r"再|更|换|換|加上|去掉|改成|もっと|追加|消して|変えて|にして|더|추가|빼|바꿔|أضف|اجعل|احذف|غير|और|हटा|बदल",
)
# After a picture: words about it, or a text made of it.
SPEAKS_OF_PICTURE = _any(
    r"\b(?:as|into) (?:a |an )?(?:poem|haiku|story|song|tweet|caption|limerick|list|table|recipe|essay)\b",
    r"\b(?:thanks?|thank you|love it|looks (?:great|good|nice)|beautiful|awesome|well done|what (?:is|are|does)|who|why|how (?:did|many|much|do))\b",
)
