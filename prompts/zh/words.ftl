# 中文界面文字。键和变量与 en/words.ftl 相同。

## 数量
passages = { $count } 个段落
pages = { $count } 页
documents = { $count } 份文档

# 句中并列项之间。
list-separator = 、

## 处理中
progress-search = 正在查阅讲义……
progress-understand = 正在理解你的问题……
progress-queue = 前面还有 { $waiting } 个问题……
progress-write = 正在写回答……
progress-summary = 正在阅读第 { $part } 部分，共 { $parts } 部分……
progress-fetch = 正在接收 { $name }……
progress-read = 正在阅读 { $name }……
progress-pages = 正在阅读 { $name }：第 { $page } 页，共 { $pages } 页……
progress-index = 正在学习 { $name }：{ $passages }……
progress-vectors = 正在学习 { $name }：已理解 { $done } / { $count } 个片段……

## 回答
sources = 来源
nearest = 最接近的段落
page = 第 { $page } 页
slide = 第 { $slide } 张幻灯片
slide-notes = 第 { $slide } 张幻灯片的备注
cell = 第 { $cell } 个单元格
rows = { $count ->
    [1] 第 { $first } 行
   *[other] 第 { $first }–{ $last } 行
 }
lines = { $count ->
    [1] 第 { $first } 行
   *[other] 第 { $first }–{ $last } 行
 }
time = { $time } 处
not-from-notes = 非讲义内容
from-notes = 讲义中写道：
not-covered = 《{ $course }》的讲义没有讲到这个问题。
not-covered-near = 《{ $course }》的讲义没有讲到这个问题。下面是最接近的段落，也许对你有帮助。
answer-from = 这是 { $time } 对同一个问题的回答。
pass-on = 请教老师
passed-on = 你的问题已列入老师的清单，不会显示你的名字。
passed-on-already = 这个问题已经在老师的清单里了。
pass-on-gone = 我这里已经没有那个问题了，请再问一次。
cut-off = 助教正在重启，回答到这里中断了，稍后会补全。
stopped = 已停止。
nothing-to-stop = 你没有正在生成的回答可以停止。
history-cut = 我们之前的对话太长，较早的部分没有计入。

## 摘要
summary-of = { $what } 的摘要
summary-empty = 《{ $course }》还没有讲义，没有可以概括的内容。
summary-which = 要概括什么？请写 /summary 加上文档、章节的名称或一个主题。现有文档：
summary-nothing = 在《{ $course }》的讲义里没有找到关于“{ $topic }”的内容。

## 课程
no-course = 你还没有加入课程。请向老师要一个邀请码，然后发送 /join 邀请码。
no-course-group = 这个群还没有设定课程。请课程的老师用 /switch 课程 来设定。
which-course = 你加入了多门课程，请用 /switch 课程 选择一门：
joined = 欢迎加入《{ $course }》！关于讲义的任何问题都可以问我，例如：{ $example }
joined-teacher = 欢迎以老师身份加入《{ $course }》。把讲义文件（PDF、Word、PowerPoint、Markdown 等）发给我，我就会学习。
join-example = 第一章的主要思想是什么？
join-how = 请写 /join 加上老师给你的邀请码，例如 /join K7Q2MX。
join-unknown = 邀请码“{ $code }”无效或已过期。请检查一下，或向老师要一个新的。
join-direct = 请在私聊中加入课程。
courses-list = 你的课程：
courses-current = 使用中
role-student = 学生
role-teacher = 老师
switched = 现在的问题都会在《{ $course }》里找答案。
switched-group = 这个群现在对应《{ $course }》，群里的每个人都可以问它的讲义。
switch-how = 请写 /switch 加上你的一门课程：
leave-how = 请写 /leave 加上你的一门课程：
left-as-admin = 你不是《{ $course }》的成员，只是作为管理员可以看到它。
left = 你已退出《{ $course }》。用邀请码可以重新加入。
course-unknown = 你没有加入名为“{ $course }”的课程。
course-created = 课程《{ $title }》已建好，标识是 { $course }。把讲义文件发给我，再用 /invite 邀请学生。
course-exists = 已经有名为“{ $course }”的课程了，请换一个标识。
course-how = 请写 /create 加上标识（a-z、0-9、- 和 _）和标题，例如：/create cs231n 深度学习与视觉
course-bad-id = “{ $id }”不能用作课程标识。请用 1 到 64 个 a-z、0-9、- 或 _。
invited = 《{ $course }》的邀请（身份：{ $role }）：/join { $code }（{ $days } 天内有效，多人可用）
rules-now = 在《{ $course }》里，讲义不支持的句子会{ $rule ->
    [drop] 被删去
   *[mark] 保留并标出
 }。
rules-how = 老师可以用 /rules mark（标出）或 /rules drop（删去）来选择，并用 /rules meaning 50（0 到 100）、/rules meaning off（关闭）或 /rules meaning default（默认）设定检索时语义所占的比重。
meaning-now = 在《{ $course }》里检索时，{ $kind ->
    [off] 只按词语查找。
    [set] 语义占 { $percent } %，其余看词语。
   *[default] 语义占 { $percent } %，其余看词语（默认值）。
 }
meaning-bad = “{ $share }”不是比重。请写 0 到 100 的数、off（关闭）或 default（默认）。
teacher-only = 只有《{ $course }》的老师可以这样做。
file-unread = 我没有读取“{ $name }”：只有《{ $course }》的老师可以上传文件。请把其中要紧的内容写成文字发给我。
admin-only = 只有管理员可以这样做。管理员在助教的设置里指定。

## 文档
documents-none = 《{ $course }》还没有讲义。
documents-list = 《{ $course }》的讲义：
learned-added = 已学习 { $name }：{ $passages }。
learned-replaced = 已学习 { $name } 的新版本：{ $passages }。/restore 可以恢复旧版本。
learned-unchanged = { $name } 没有变化，我已经学过了。
removed = { $name } 已从讲义中删除，/restore 可以恢复。
remove-how = 请写 /remove 加上其中一份文档的名称：
remove-unknown = 《{ $course }》没有名为“{ $name }”的文档。
restored = { $name } 已恢复到之前的版本：{ $passages }。
restored-instead = { $name } 已恢复到之前的版本：{ $passages }。再次 /restore 即可撤销。
restore-how = 请写 /restore 加上其中一份文档的名称，它会恢复到上次改动之前的样子：
restore-none = 《{ $course }》没有可以恢复的文档。
restore-unknown = 《{ $course }》没有“{ $name }”的旧版本。
learn-how = 把文件（PDF、Word、PowerPoint、Markdown 等）发给我，我就会为《{ $course }》学习它。

## 无法学习的文件
file-unsupported = 我读不了 { $name }。我能读的格式有 { $supported }，以及源代码。
file-wrong-type = { $name } 的内容与文件名不符，所以没有读取。请检查这个文件。
file-corrupt = { $name } 已损坏，无法读取。请重新保存或导出。
file-password = { $name } 有密码保护。请发送没有密码的版本。
file-no-text = { $name } 只有图片，没有文字。请发送带文字的版本。
file-empty = { $name } 是空的。
file-too-large = { $name } 太大，上限是 { $limit }。
file-too-slow = 读取 { $name } 用时过长，已停止。请把它拆开。
file-too-many-rows = { $name } 超过 { $limit } 行，请把它拆开。
file-too-many-files = { $name } 里的文件超过 { $limit } 个，请把它拆开。
file-too-nested = { $name } 里的压缩包嵌套太深，无法读取。请解压后发送其中的文件。
file-climbing = { $name } 里有指向压缩包之外的路径，正常的压缩包不会这样，所以没有读取。
file-nothing-readable = { $name } 里没有能读的文件。
file-too-much-memory = 读取 { $name } 需要的内存超过限度。请把它拆开，或重新保存。
remark-no-text = { $name } 的{ $pages }没有文字，只有图片。
remark-recognised = { $name }：{ $pages }的文字是从图片识别的，个别地方可能有误。
remark-pages = { $count ->
    [1] 第 { $list } 页
   *[other] 第 { $list } 页
 }
remark-more = ……另有 { $count } 条说明。
file-bad-name = { $name } 的文件名无法保存，请换一个名字。
file-fetch = 没能收到 { $name }，请重新发送。
file-cancelled = 已停止读取 { $name }，没有任何改动。

## 关于你
language-set = 从现在起我用中文回答。发送 /language auto，我就跟随你使用的语言。
language-auto = 我会跟随你使用的语言。
language-how = 请写 /language en、/language zh 或 /language auto。
link-code = 请在 { $minutes } 分钟内用你的另一个账号给我发送：/link { $code }
link-done = 两个账号现在都是你：课程、回答和设置都共用。
link-unknown = 代码“{ $code }”无效或已过期。发送不带代码的 /link 可以得到新的。
direct-only = 这是私人内容，请在私聊中发送。
export-done = 我保存的关于你的一切都在这个 JSON 文件里。
export-refused = 但这个聊天没有接收这个文件，可能是因为它太大。助教的管理员可以替你导出：tutor students export
export-no-files = 这里不能发送文件。请在其他应用的私聊中或用命令行导出。
forget-ask = 要我忘掉关于你的一切吗：你的课程、你的问题和我的回答？此操作不能撤销。可以先用 /export 取得一份副本。
forget-confirm = 是的，忘掉我
forget-keep = 不，保留
answers = { $count } 个回答
records = { $count } 条其他记录
forget-done = 好了，我已经忘掉你：{ $answers }和 { $records }已删除，磁盘上也不再保留。
forget-kept = 没有任何改动。
usage-mine = 到目前为止的回答：{ $turns } 个。读取的词元：{ $prompt }（其中 { $cached } 个来自缓存），写出的：{ $completion }。
fresh = 我们重新开始。你的下一个问题会单独理解。

## 老师的清单
questions-none = 《{ $course }》没有转给老师的问题。
questions-list = 《{ $course }》的讲义没有回答的问题：
question-done = 已处理
question-closed = 这个问题已从清单中移除。

## 帮助
start = 你好！我是你的课程助教。我根据老师的讲义回答问题，并标明出处。
start-next = 发送 /join 和邀请码就可以开始，发送 /help 查看我能做什么。
help-intro = 用你自己的话提问就好，例如：{ $example }
help-example = 学习率有什么作用？
help-follow = 可以追问（“那是为什么？”），中文、英文都行。
help-commands = 命令：
unknown-command = 我不认识命令 /{ $name }。发送 /help 查看我能做什么。
button-old = 这个按钮已经失效，请直接提问或使用命令。
not-text = 我能读文字和文件，读不了这个。请把问题写出来。
empty = 这条消息是空的。请写下你的问题。
too-long = 这条消息太长：{ $length } 个字符。请控制在 { $limit } 个以内，或者作为文件发送。
too-many = 这个聊天里等待的消息太多了，请先等等回答。

## 故障
trouble-late = 排队时间太长，请稍后再问一次。
trouble-busy = 现在提问的人很多（你前面有 { $waiting } 个），请稍后再试。
trouble-stopping = 助教正在重启，请一分钟后再试。
trouble-store = 没能读取或保存数据，所以没有任何改动。助教的磁盘可能满了，请告诉老师。
trouble-index = 暂时读不了课程讲义，请告诉老师。
trouble-model = 模型这次没能回答。请再试一次；如果一直这样，请告诉老师。
trouble-model-missing = 助教的模型无法加载，请告诉老师。
trouble-given-up = 这条消息我没能处理：处理时多次中断。请换个说法再问；如果是文件，请告诉老师。
trouble-task = 助教内部出了问题。请再试一次；如果一直这样，请告诉老师。
trouble-prompt = 内容太长，模型放不下：{ $tokens } 个词元，最多 { $limit } 个。请缩短一些。
trouble-template = 提示词模板有错误，请告诉老师。

## 聊天命令：先是用途，然后是参数
command-start = 开始
command-help = 我能做什么
command-ask = 问课程里的问题
command-ask-argument = 你的问题
command-summary = 概括文档、章节或主题
command-summary-argument = 名称或主题
command-join = 加入课程
command-join-argument = 邀请码
command-courses = 查看你的课程
command-switch = 选择要提问的课程
command-switch-argument = 课程
command-leave = 退出课程
command-leave-argument = 课程
command-new = 开始新的对话
command-stop = 停止正在写的回答
command-language = 选择回答的语言
command-language-argument = en、zh 或 auto
command-usage = 查看回答的用量
command-link = 连接你在两个平台的账号
command-link-argument = 代码（在第二个账号上填写）
command-export = 取得我保存的关于你的一切
command-forget = 忘掉关于你的一切
command-documents = 查看课程文档
command-learn = 让我学习一份文档（老师）
command-learn-argument = 文件
command-remove = 删除一份文档（老师）
command-remove-argument = 文档名称
command-restore = 撤销对一份文档的上次改动（老师）
command-restore-argument = 文档名称
command-invite = 生成邀请码（老师）
command-invite-argument = student 或 teacher
command-questions = 查看转给老师的问题（老师）
command-rules = 规则：没有依据的句子、检索方式（老师）
command-rules-argument = mark、drop 或 meaning 50
command-create = 创建课程（管理员）
command-create-argument = 标识和标题

## 帮助里参数的占位词
argument-question = 问题
argument-topic = 主题
argument-code = 代码
argument-course = 课程
argument-language = 语言
argument-document = 文档
argument-role = 身份
argument-rule = 规则
argument-file = 文件

## 命令行
cli-heading-usage = 用法
cli-heading-commands = 命令
cli-heading-options = 选项
cli-heading-arguments = 参数
cli-heading-examples = 示例：
cli-option-help = 显示帮助
cli-option-version = 显示版本
cli-option-data = 数据文件夹（或 TUTOR_DATA_FOLDER）
cli-option-config = 设置文件（或 TUTOR_CONFIG）；默认是当前文件夹里的 tutor.toml
cli-option-json = 每行输出一个 JSON 对象
cli = 根据老师的讲义回答问题并注明来源的课程助教
cli-examples =
    tutor demo
    tutor courses create cs231n --title "深度学习与视觉"
    tutor ingest --course cs231n notes/
    tutor ask --course cs231n "加法门做什么？"
    tutor serve
cli-ingest = 为课程学习文件和文件夹
cli-ingest-course = 课程
cli-ingest-paths = 文件，或文件夹（学习其中所有可读的文件）
cli-ingest-watch = 持续运行，学习新增和改动的文件。由此学到的文档会随文件一起删除；文件夹里一个文件也没有时不作任何改动。按 Ctrl-C 结束
cli-ingest-examples =
    tutor ingest --course cs231n notes/ slides.pdf
    tutor ingest --course cs231n --watch notes/
    tutor ingest --course cs231n --json notes/*.md
cli-search = 在课程讲义里查找段落
cli-search-course = 课程
cli-search-words = 要查找的词
cli-search-document = 只在这份文档中查找
cli-search-k = 最多几个段落
cli-search-examples =
    tutor search --course cs231n "加法门" -k 3
cli-ask = 就课程提一个问题
cli-ask-course = 课程
cli-ask-question = 问题
cli-ask-student = 为这名学生记住问题，之后可以追问
cli-ask-examples =
    tutor ask --course cs231n "加法门对梯度做什么？"
    tutor ask --course cs231n --student ada "那是为什么？"
cli-summary = 概括课程、文档或主题
cli-summary-course = 课程
cli-summary-document = 概括这份文档
cli-summary-topic = 概括讲义里与这些词有关的内容
cli-summary-examples =
    tutor summary --course cs231n --document optimization-2.md
    tutor summary --course cs231n --topic "学习率"
cli-chat = 在终端里与助教对话
cli-chat-course = 要谈的课程
cli-chat-examples =
    tutor chat --course cs231n
    echo "什么是梯度？" | tutor chat --course cs231n
cli-bench = 用一个班级的提问负载测试对话模型，每次运行输出一行 JSON
cli-bench-mode = 学生问什么：shared、topics、distinct、repeat
cli-bench-students = 同时提问的学生数
cli-bench-rounds = 每人提几个问题
cli-bench-context = 每个问题所附讲义的词数
cli-bench-answer = 每个回答的词元数
cli-bench-long = 另加一条长提示的词数，在所有回答进行时读入；单独报告这期间各回答的停顿
cli-bench-seed = 换一个数就换一批词
cli-bench-url = 改为测试一台服务器：任何支持 OpenAI 对话接口的服务都可以
cli-bench-model = 模型在那台服务器上的名称；不写则取它列出的第一个
cli-bench-key_file = 存放服务器密钥的文件，权限须为 600
cli-bench-examples =
    tutor bench
    tutor bench --mode topics --students 32
    tutor bench --mode distinct --students 4 --long 4000
    tutor bench --url http://gpu1:8000 --students 32
cli-eval = 测量检索和回答的质量
cli-eval-examples =
    tutor eval retrieval --squad xquad.zh.json
    tutor eval answers --course cs231n --csv questions.csv
cli-eval-retrieval = 测量检索：把题集的每个问题拿到一门临时课程中查找其段落；或在您的课程中查找您自己的问题
cli-eval-retrieval-squad = SQuAD 格式的题集（一个 JSON 文件），每个段落作为一个片段
cli-eval-retrieval-beir = BEIR 格式的题集：含 corpus.jsonl、queries.jsonl 和 qrels.tsv 的文件夹
cli-eval-retrieval-csv = 您自己的问题：一张表格，列为 question、document，以及可选的 section、page、answer
cli-eval-retrieval-course = 向哪门课程提问
cli-eval-retrieval-examples =
    tutor eval retrieval --squad xquad.zh.json
    tutor eval retrieval --beir scifact --json
    tutor eval retrieval --course cs231n --csv questions.csv
cli-eval-answers = 测量回答：聊天模型像回答学生那样作答，再与已知答案比较
cli-eval-answers-squad = SQuAD 格式的题集（一个 JSON 文件）；隔一篇学一篇，放进一门临时课程
cli-eval-answers-csv = 您自己的问题：一张表格，列为 question、document，以及可选的 section、page、answer
cli-eval-answers-course = 向哪门课程提问
cli-eval-answers-limit = 最多问多少题，均匀抽取
cli-eval-answers-examples =
    tutor eval answers --squad xquad.zh.json --limit 50
    tutor eval answers --course cs231n --csv questions.csv
eval-failed = 评测失败：{ $reason }
eval-method = 方法
eval-answered = 回答
eval-refused = 拒答
eval-read = 共 { $passages } 个段落，{ $questions } 个问题。“回答”和“拒答”：只学习一半文章时，关于这些文章的问题判为已涵盖的比例，以及关于其余文章的问题判为未涵盖的比例。
eval-list-wrong = { $path } 第 { $line } 行：{ $fault ->
    [missing] 缺少“{ $column }”列。
    [unknown] 没有“{ $column }”这种列；可用的列是 question、document，以及可选的 section、page、answer。
    [twice] “{ $column }”列出现了两次。
    [empty] “{ $column }”列的单元格是空的。
    [number] “{ $column }”列中的“{ $found }”不是页码。
   *[cells] 单元格的数目与第一行不同。
 }
eval-list-read = 共 { $questions } 个问题，{ $wrong ->
    [0] 都找到了该找的位置。
   *[other] 其中 { $wrong } 个有误：
 }
eval-list-row = 第 { $line } 行：{ $question } —— { $why ->
    [covered] 本应拒答，讲义却判为已涵盖（“{ $first }”）
    [unknown] 课程里没有文档“{ $document }”
    [uncovered] 找到了“{ $document }”，但未判为涵盖该问题：助教会拒答
   *[elsewhere] 前五个结果中没有“{ $document }”的该处；排在最前的是“{ $first }”
 }
eval-progress = 第 { $done } 题，共 { $all } 题……
eval-measure = 指标
eval-share = 比例
eval-of = 总数
eval-answers-answered = 讲义涵盖且作了回答的问题
eval-answers-refused = 讲义未涵盖且拒答的问题
eval-answers-contains = 含有正确答案的回答
eval-answers-f1 = 与正确答案的词元重合度（F1）
eval-answers-sources = 含有所问内容的来源
eval-answers-supported = 有讲义依据的句子
eval-answers-quoted = 直接用讲义原文的回答
eval-answers-first = 首个词：半数问题在 { $half } 秒内，99 % 在 { $most } 秒内。
eval-answers-row = { $question } —— { $why ->
    [refused] 讲义里有，却拒答了
    [answered] 讲义里没有，却作了回答
   *[other] 回答了，但没有含所问内容的来源
 }
eval-no-embedder = 未测量语义检索：本机没有嵌入模型。获取方法：tutor models pull all-minilm-l6-v2
cli-models = 模型：列出、获取、位置、准备、设备
cli-models-examples =
    tutor models list
    tutor models pull smollm2-135m-instruct
cli-models-list = 列出目录；* 表示已在本机
cli-models-list-examples =
    tutor models list
cli-models-pull = 获取并校验模型
cli-models-pull-name = 模型在目录中的名称
cli-models-pull-examples =
    tutor models pull all-minilm-l6-v2
cli-models-prepare = 找出最适合本机的权重和设置并保存
cli-models-prepare-name = 目录中的模型名称
cli-models-prepare-examples =
    tutor models prepare smollm2-135m-instruct
cli-models-devices = 列出可以运行模型的设备
cli-models-devices-examples =
    tutor models devices
prepare-begins = 正在为本机准备 { $model }（只需一次）：用一个小班级的提问负载测试每种权重和设置。
prepare-original = 原始权重
prepare-writing = 正在写入 { $weights } …
prepare-reading = 正在测量 { $weights } 的损失 …
prepare-running = 正在以 { $way } 运行班级负载 …
prepare-ran = { $way }：全班用时 { $seconds } 秒，首个词 { $first } 秒
prepare-lossy = 不采用 { $weights }：困惑度上升 { $percent } %
prepare-perplexity = 课程文本上的困惑度：{ $values }
prepare-done = { $model } 在本机（{ $machine }）上以 { $way } 运行。
prepare-failed = 无法准备 { $model }：{ $reason }
prepare-attention-auto = llama.cpp 自选的注意力算法
prepare-attention-plain = 普通注意力
prepare-attention-flash = flash attention
prepare-tuning = { $attention }，缓存 { $cache }
cli-models-path = 显示模型文件的位置
cli-models-path-name = 模型在目录中的名称
cli-models-path-examples =
    tutor models path smollm2-135m-instruct
cli-courses = 课程：创建、列出、邀请、文档、语义比重、删除和恢复文档
cli-courses-examples =
    tutor courses create cs231n --title "深度学习与视觉"
    tutor courses invite cs231n --role student
cli-courses-create = 创建课程
cli-courses-create-id = 标识：a-z、0-9、- 和 _
cli-courses-create-title = 显示给大家的标题
cli-courses-create-examples =
    tutor courses create cs231n --title "深度学习与视觉"
cli-courses-list = 列出课程
cli-courses-list-examples =
    tutor courses list --json
cli-courses-invite = 生成并输出邀请码
cli-courses-invite-id = 课程
cli-courses-invite-role = 邀请码给予的身份
cli-courses-invite-examples =
    tutor courses invite cs231n --role teacher
cli-courses-documents = 列出课程的文档
cli-courses-documents-id = 课程
cli-courses-documents-examples =
    tutor courses documents cs231n
cli-courses-meaning = 显示或设定检索一门课程时语义所占的比重
cli-courses-meaning-id = 课程
cli-courses-meaning-share = 0（只看词语）到 100（只看语义）、off 或 default
cli-courses-meaning-examples =
    tutor courses meaning cs231n
    tutor courses meaning cs231n 50
    tutor courses meaning cs231n default
cli-courses-remove = 从课程中删除文档
cli-courses-remove-id = 课程
cli-courses-remove-name = 文档名称
cli-courses-remove-examples =
    tutor courses remove cs231n optimization-2.md
cli-courses-restore = 撤销对文档的上次改动：恢复它被替换或删除之前的版本
cli-courses-restore-id = 课程
cli-courses-restore-name = 文档名称
cli-courses-restore-examples =
    tutor courses restore cs231n optimization-2.md
cli-students = 学生：列出、导出、忘掉
cli-students-examples =
    tutor students list
    tutor students export telegram:12345 > ada.json
cli-students-list = 按化名列出学生
cli-students-list-examples =
    tutor students list --json
cli-students-export = 以 JSON 输出保存的关于一名学生的一切
cli-students-export-id = 化名，或 telegram:12345 这样的账号
cli-students-export-examples =
    tutor students export telegram:12345 > ada.json
cli-students-forget = 删除保存的关于一名学生的一切，磁盘上也不保留
cli-students-forget-id = 化名，或 telegram:12345 这样的账号
cli-students-forget-examples =
    tutor students forget telegram:12345
cli-keys = 模型服务的密钥：创建、列出、吊销
cli-keys-examples =
    tutor keys create grader --requests-per-minute 60 --tokens-per-day 200000
    tutor keys list
    tutor keys revoke grader
cli-keys-create = 生成密钥并输出，只显示这一次
cli-keys-create-name = 名称：a-z、0-9、- 和 _
cli-keys-create-requests_per_minute = 每分钟最多的请求数
cli-keys-create-tokens_per_day = 每天（UTC）最多的词元数，提示词和回答合计
cli-keys-create-priority = 在引擎中按谁的先后排队
cli-keys-create-expires = 最后一个有效日，例如 2027-07-31（UTC）
cli-keys-create-teach = 可以列出、上传和删除哪门课程的文档，可多次给出
cli-keys-create-examples =
    tutor keys create grader --requests-per-minute 60 --tokens-per-day 200000 --expires 2027-07-31
    tutor keys create nightly --priority background
    tutor keys create moodle --teach cs231n
cli-keys-list = 列出密钥、限额和今天的用量
cli-keys-list-examples =
    tutor keys list --json
cli-keys-revoke = 立即吊销密钥，正在运行的服务也马上不再接受
cli-keys-revoke-name = 名称或编号
cli-keys-revoke-examples =
    tutor keys revoke grader
cli-usage = 显示密钥、课程、学生和模型的用量
cli-usage-by = 只显示其中一种
cli-usage-since = 从这一天起，例如 2026-09-01（UTC）
cli-usage-examples =
    tutor usage
    tutor usage --by course --since 2026-09-01
    tutor usage --json
cli-serve = 运行设置中指定的机器人
cli-serve-examples =
    TUTOR_TELEGRAM_TOKEN=123:abc TUTOR_ACCESS_ADMINS=telegram:12345 tutor serve
    tutor serve --config /etc/tutor.toml
cli-demo = 学习示例课程并回答问题
cli-demo-examples =
    tutor demo
cli-learned-replaced = 已学习 { $name } 的新版本：{ $passages }。用 tutor courses restore 可以恢复旧版本。
cli-removed = { $name } 已从讲义中删除，用 tutor courses restore 可以恢复。
cli-restored-instead = { $name } 已恢复到之前的版本：{ $passages }。再次执行即可撤销。
cli-watching = 正在关注 { $path }（课程 { $course }）。按 Ctrl-C 结束。
cli-watch-ended = 已停止关注，学到的内容保留。
cli-watch-left = 文件 { $name } 已不在。讲义中同名的文档来自别处，予以保留。
cli-nothing-found = 没有找到。
cli-cannot-read = 无法读取 { $path }：{ $reason }
cli-course-unknown = 没有课程“{ $course }”。可以这样创建：tutor courses create { $course } --title "…"
cli-course-created = 课程《{ $title }》已建好。可以这样教它：tutor ingest --course { $course } 文件
cli-student-unknown = 没有学生“{ $student }”。用 tutor students list 查看。
cli-forgotten = 已忘掉：{ $answers }和 { $records }已删除，磁盘上也不再保留。
cli-held = 数据文件夹 { $folder } 正被进程 { $pid } 使用。
cli-open-failed = 助教无法启动：{ $reason }
cli-server-gone = 占用数据文件夹的服务已停止，请再试一次。
cli-too-long = 问题有 { $length } 个字符，最多 { $limit } 个。
cli-no-files = { $path } 里没有我能读的文件。我能读的格式有 { $supported }。
cli-left-out = 略过了 { $count } 个其他类型的文件。
cli-no-name = 学生需要有名字。
cli-empty = 问题是空的。

## 密钥与用量
key-created = 密钥“{ $name }”只显示这一次，保存的只有它的哈希值。程序用“Authorization: Bearer 密钥”发送它。
key-exists = 已有密钥“{ $name }”。请先吊销它（tutor keys revoke { $name }），或换一个名称。
key-bad-name = “{ $name }”不能用作密钥名称。请用 1 到 64 个 a-z、0-9、- 或 _。
key-bad-date = 密钥不能在 { $date } 到期。
key-unknown = 没有密钥“{ $name }”。用 tutor keys list 查看。
key-revoked = 密钥“{ $name }”已失效。
keys-name = 名称
keys-id = 编号
keys-priority = 优先级
keys-teaches = 可教课程
keys-requests = 请求/分钟
keys-limit = 词元/天
keys-today = 今天
keys-expires = 到期（UTC）
usage-key = 密钥
usage-course = 课程
usage-student = 学生
usage-model = 模型
usage-requests = 请求
usage-prompt = 读入词元
usage-cached = 其中缓存
usage-completion = 写出词元

## 终端
console-prompt = 你
console-welcome = 请问课程里的问题。/help 查看命令，Ctrl-D 离开。
console-saved = 已保存为 { $path }
console-not-saved = 无法保存 { $path }
console-stopped = 已停止。
console-cut-off = 助教被中断，下次启动时会补上回答。

## 服务
serve-ready = 助教已就绪。
serve-alone = 还没有设置聊天平台：请设置 TUTOR_TELEGRAM_TOKEN 或 TUTOR_DISCORD_TOKEN。在此之前只有本机可以提问（tutor chat）。
serve-no-keys = 程序使用 { $address } 上的模型需要密钥，而现在还没有：tutor keys create 名称
serve-stopping = 助教正在停止，会先完成正在进行的回答。
serve-path-long = 数据文件夹的路径太长，放不下其中的套接字：{ $path }。请选一个不超过 { $limit } 个字符的路径。
serve-failed = { $what } 出错：{ $reason }
bench-key = 无法使用 { $path } 中的密钥：{ $reason }
bench-server = 无法测试这台服务器：{ $reason }
serve-model-failed = 无法加载模型 { $model }：{ $reason }。可以用 tutor models pull { $model } 重新获取。

## 模型
models-downloading = 正在获取 { $model }
models-verifying = 正在校验 { $model }
models-converting = 正在转换 { $model }
models-pulled = { $model } 位于 { $path }
models-pull-failed = 无法获取 { $model }：{ $reason }

## 演示
demo-models = 获取模型（只需一次）：
demo-learning = 正在学习示例课程：
demo-draft = 模型写下的草稿：
demo-checked = 与讲义核对之后：
demo-goodbye = 演示到此结束。你自己的课程：tutor courses create、tutor ingest、tutor serve，详见 README。
demo-more = 请继续提问；/courses 查看两门示例课程，Ctrl-D 离开。

## 设置
config-mistakes = 设置中有 { $count } 处错误：
config-unknown = 没有这项设置
config-unknown-near = 没有这项设置；是不是 { $nearest }？
config-kind = “{ $found }”不是{ $wanted }
config-range = { $found } 不在 { $least } 与 { $most } 之间
config-exposed = 本机其他用户能读取这个文件，而其中有密钥：请 chmod 600，或把密钥放进环境变量
config-file = 无法读取：{ $reason }
config-model = 没有能做这件事、名为“{ $found }”的模型；可用的有 { $fit }
config-open = 其他机器上的程序必须使用密钥：请去掉这一行（或改为 true），或者只监听 127.0.0.1
config-wants-flag = true 或 false
config-wants-text = 文本
config-wants-number = 整数
config-wants-url = 以 http:// 或 https:// 开头的地址
config-wants-models = qwen3-4b 这样的模型名称列表
config-wants-servers = http://gpu1:8000 这样的地址列表，或带有 url、model 和 key 的表的列表
config-wants-server = 以 http:// 或 https:// 开头、不含用户名、密码和查询的地址
config-wants-address = 127.0.0.1:8080 这样的地址和端口
config-wants-layers = auto 或层数
config-wants-accounts = telegram:12345 这样的账号列表
config-wants-log-format = human 或 json
config-wants-log-level = info 或 tutor=debug 这样的级别
