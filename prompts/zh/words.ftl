# 中文界面文字。键和变量与 en/words.ftl 相同。

## 数量
passages = { $count } 个段落
pages = { $count } 页
documents = { $count } 份文档

## 处理中
progress-search = 正在查阅笔记……
progress-understand = 正在理解你的问题……
progress-summary = 正在阅读第 { $part } 部分，共 { $parts } 部分……
progress-fetch = 正在接收 { $name }……
progress-read = 正在阅读 { $name }……
progress-pages = 正在阅读 { $name }：第 { $page } 页，共 { $pages } 页……
progress-index = 正在学习 { $name }：{ $passages }……

## 回答
sources = 来源
nearest = 最接近的段落
page = 第 { $page } 页
not-from-notes = 非笔记内容
from-notes = 笔记中写道：
not-covered = 《{ $course }》的笔记没有讲到这个问题。
not-covered-near = 《{ $course }》的笔记没有讲到这个问题。下面是最接近的段落，也许对你有帮助。
pass-on = 请教老师
passed-on = 你的问题已列入老师的清单，不会显示你的名字。
passed-on-already = 这个问题已经在老师的清单里了。
pass-on-gone = 我这里已经没有那个问题了，请再问一次。
cut-off = 助教正在重启，回答到这里中断了，稍后会补全。
stopped = 已停止。
nothing-to-stop = 现在没有正在进行的回答。
history-cut = 我们之前的对话太长，较早的部分没有计入。

## 摘要
summary-of = { $what } 的摘要
summary-empty = 《{ $course }》还没有笔记，没有可以概括的内容。
summary-which = 要概括什么？请写 /summary 加上文档、章节的名称或一个主题。现有文档：
summary-nothing = 在《{ $course }》的笔记里没有找到关于“{ $topic }”的内容。

## 课程
no-course = 你还没有加入课程。请向老师要一个邀请码，然后发送 /join 邀请码。
no-course-group = 这个群还没有设定课程。请课程的老师用 /switch 课程 来设定。
which-course = 你加入了多门课程，请用 /switch 课程 选择一门：
joined = 欢迎加入《{ $course }》！关于笔记的任何问题都可以问我，例如：{ $example }
joined-teacher = 欢迎以老师身份加入《{ $course }》。把笔记文件（Markdown、纯文本、HTML、PDF）发给我，我就会学习。
join-example = 第一章的主要思想是什么？
join-how = 请写 /join 加上老师给你的邀请码，例如 /join K7Q2MX。
join-unknown = 邀请码“{ $code }”无效或已过期。请检查一下，或向老师要一个新的。
join-direct = 请在私聊中加入课程。
courses-list = 你的课程：
courses-current = 使用中
role-student = 学生
role-teacher = 老师
switched = 现在的问题都会在《{ $course }》里找答案。
switched-group = 这个群现在对应《{ $course }》，群里的每个人都可以问它的笔记。
switch-how = 请写 /switch 加上你的一门课程：
course-unknown = 你没有加入名为“{ $course }”的课程。
course-created = 课程《{ $title }》已建好，标识是 { $course }。把笔记文件发给我，再用 /invite 邀请学生。
course-exists = 已经有名为“{ $course }”的课程了，请换一个标识。
course-how = 请写 /create 加上标识（a-z、0-9、- 和 _）和标题，例如：/create cs231n 深度学习与视觉
course-bad-id = “{ $id }”不能用作课程标识。请用 1 到 64 个 a-z、0-9、- 或 _。
invited = 《{ $course }》的邀请（身份：{ $role }）：/join { $code }（{ $days } 天内有效，多人可用）
rules-now = 在《{ $course }》里，笔记不支持的句子会{ $rule ->
    [drop] 被删去
   *[mark] 保留并标出
 }。
rules-how = 请写 /rules mark（标出）或 /rules drop（删去）来选择。
teacher-only = 只有《{ $course }》的老师可以这样做。
admin-only = 只有管理员可以这样做。管理员在助教的设置里指定。

## 文档
documents-none = 《{ $course }》还没有笔记。
documents-list = 《{ $course }》的笔记：
learned-added = 已学习 { $name }：{ $passages }。
learned-replaced = 已学习 { $name } 的新版本：{ $passages }，旧版本已删除。
learned-unchanged = { $name } 没有变化，我已经学过了。
removed = { $name } 已删除。重新发送即可恢复。
remove-how = 请写 /remove 加上其中一份文档的名称：
remove-unknown = 《{ $course }》没有名为“{ $name }”的文档。
learn-how = 把文件（Markdown、纯文本、HTML 或 PDF）发给我，我就会为《{ $course }》学习它。

## 无法学习的文件
file-unsupported = 我读不了 { $name }。我能读的格式有 { $supported }。
file-wrong-type = { $name } 的内容与文件名不符，所以没有读取。请检查这个文件。
file-corrupt = { $name } 已损坏，无法读取。请重新保存或导出。
file-password = { $name } 有密码保护。请发送没有密码的版本。
file-no-text = { $name } 只有图片，没有文字。请发送带文字的版本。
file-empty = { $name } 是空的。
file-too-large = { $name } 太大，上限是 { $limit }。
file-too-slow = 读取 { $name } 用时过长，已停止。请把它拆开。
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
export-no-files = 这里不能显示文件。请在其他应用的私聊中或用命令行导出。
forget-ask = 要我忘掉关于你的一切吗：你的课程、你的问题和我的回答？此操作不能撤销。可以先用 /export 取得一份副本。
forget-confirm = 是的，忘掉我
forget-keep = 不，保留
forget-done = 好了，我已经忘掉你：{ $turns } 个回答和 { $records } 条其他记录已删除，磁盘上也不再保留。
forget-kept = 没有任何改动。
usage-mine = 到目前为止的回答：{ $turns } 个。读取的词元：{ $prompt }（其中 { $cached } 个来自缓存），写出的：{ $completion }。
fresh = 我们重新开始。你的下一个问题会单独理解。

## 老师的清单
questions-none = 《{ $course }》没有转给老师的问题。
questions-list = 《{ $course }》的笔记没有回答的问题：
question-done = 已处理
question-closed = 这个问题已从清单中移除。

## 帮助
start = 你好！我是你的课程助教。我根据老师的笔记回答问题，并标明出处。
start-next = 发送 /join 和邀请码就可以开始，发送 /help 查看我能做什么。
help-intro = 用你自己的话提问就好，例如：{ $example }
help-example = 学习率有什么作用？
help-follow = 可以追问（“那是为什么？”），中文、英文都行。
help-commands = 命令：
unknown-command = 我不认识命令 /{ $name }。发送 /help 查看我能做什么。
not-text = 我能读文字和文件，读不了这个。请把问题写出来。
empty = 这条消息是空的。请写下你的问题。
too-long = 这条消息太长：{ $length } 个字符。请控制在 { $limit } 个以内，或者作为文件发送。
too-many = 这个聊天里等待的消息太多了，请先等等回答。

## 故障
trouble-busy = 现在提问的人很多（你前面有 { $waiting } 个），请稍后再试。
trouble-stopping = 助教正在重启，请一分钟后再试。
trouble-store = 没能保存，所以没有任何改动。助教的磁盘可能满了，请告诉老师。
trouble-index = 暂时读不了课程笔记，请告诉老师。
trouble-model = 模型这次没能回答。请再试一次；如果一直这样，请告诉老师。
trouble-model-missing = 助教的模型无法加载，请告诉老师。（{ $reason }）
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
command-invite = 生成邀请码（老师）
command-invite-argument = student 或 teacher
command-questions = 查看转给老师的问题（老师）
command-rules = 如何处理没有依据的句子（老师）
command-rules-argument = mark 或 drop
command-create = 创建课程（管理员）
command-create-argument = 标识和标题
