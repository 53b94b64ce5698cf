"""What columns are called: names in Chinese and English for every field, and for what is personal.

Names are compared as written first, then in a normal form: NFKC, lower case,
no blanks or punctuation, traditional characters of these words made simple.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Fields that a column can mean, with what they are called here.
FIELDS: dict[str, tuple[str, str]] = {
    "id": ("编号", "id"),
    "name": ("名称", "name"),
    "kind": ("类型", "kind"),
    "category": ("细类", "category"),
    "services": ("服务内容", "services"),
    "beds": ("床位数", "beds"),
    "nursing_beds": ("护理型床位数", "nursing beds"),
    "floor_area": ("建筑面积", "floor area"),
    "ownership": ("性质", "ownership"),
    "unit_code": ("区划代码", "unit code"),
    "lon": ("经度", "longitude"),
    "lat": ("纬度", "latitude"),
    "x": ("X 坐标", "projected x"),
    "y": ("Y 坐标", "projected y"),
    "coordinates": ("坐标", "coordinates in one cell"),
    "crs": ("坐标系", "coordinate system"),
    "city": ("地级市", "city"),
    "county": ("县（市、区）", "county"),
    "township": ("乡镇（街道）", "township"),
    "village": ("村（社区）", "village"),
    "address": ("地址", "address"),
    "status": ("状态", "status"),
    "opened": ("成立时间", "opened"),
    "credit_code": ("统一社会信用代码", "unified social credit code"),
    "source": ("来源", "source"),
    "provenance": ("来源类别", "provenance"),
    "note": ("备注", "note"),
}

# The first name of a field is the one a template would print.
_NAMES: dict[str, str] = {
    "id": "编号 机构编号 设施编号 机构编码 设施编码 机构代码 id facility_id code",
    "name": "机构名称 单位名称 名称 设施名称 机构 养老机构名称 养老机构 机构全称 全称 站点名称 "
    "中心名称 项目名称 场所名称 服务站名称 饭堂名称 点位名称 机构名 设施名 敬老院名称 养老院名称 "
    "name facility facility_name facilityname institution institution_name title "
    "name_of_facility name_zh",
    "kind": "类型 机构类型 设施类型 机构类别 设施类别 类别 种类 设施种类 机构种类 kind type "
    "facility_type facility_kind class",
    "category": "细类 子类 小类 分类 category subtype sub_type subcategory",
    "services": "服务内容 服务项目 服务 服务功能 提供服务 主要服务 服务类型 功能 services service "
    "services_offered",
    "beds": "床位数 床位 床位数总数 床位总计 床位合计 床位数合计 总床位 总床位数 床位总数 "
    "核定床位 核定床位数 设计床位 设计床位数 床位数量 "
    "养老床位 养老床位数 现有床位 现有床位数 备案床位 备案床位数 实际床位 开放床位 开放床位数 "
    "机构床位 机构床位数 床数 beds bed total_beds number_of_beds bed_count no_of_beds "
    "capacity_beds",
    "nursing_beds": "护理型床位数 护理型床位 护理床位 护理床位数 护理型床位总数 护理型 "
    "其中护理型床位 其中护理型床位数 其中护理型 护理型养老床位 护理型养老床位数 nursing_beds "
    "nursing_bed nursing care_beds nursing_care_beds",
    "floor_area": "建筑面积 面积 建筑总面积 总建筑面积 使用面积 房屋面积 场地面积 用房面积 "
    "floor_area area gross_floor_area building_area gfa area_m2 floorspace",
    "ownership": "性质 机构性质 单位性质 所有制 经营性质 是否公办 公办民办 公办或民办 公办/民办 "
    "举办主体 运营性质 运营方式 运营模式 经营方式 ownership owner_type public_private is_public",
    "unit_code": "区划代码 行政区划代码 统计用区划代码 行政区划 乡镇代码 镇街代码 村代码 社区代码 "
    "unit_code adcode admin_code district_code township_code",
    "lon": "经度 东经 机构经度 地理经度 设施经度 位置经度 lon lng long longitude lon_wgs84 "
    "lng_wgs84 "
    "lon_gcj02 lng_gcj02 lng_bd09 lon_bd09 wgs84_lon wgs84_lng gcj02_lng gcj02_lon bd09_lng "
    "bd_lng gcj_lng wgs_lng wgslng gcjlng bdlng 高德经度 百度经度 东经度 point_x",
    "lat": "纬度 北纬 机构纬度 地理纬度 设施纬度 位置纬度 lat latitude lat_wgs84 lat_gcj02 "
    "lat_bd09 "
    "wgs84_lat gcj02_lat bd09_lat bd_lat gcj_lat wgs_lat wgslat gcjlat bdlat 高德纬度 百度纬度 "
    "北纬度 point_y",
    "x": "x x坐标 横坐标 东坐标 坐标x easting coord_x x_coord",
    "y": "y y坐标 纵坐标 北坐标 坐标y northing coord_y y_coord",
    "coordinates": "坐标 经纬度 地理坐标 位置坐标 坐标位置 经纬坐标 坐标经纬度 经纬度坐标 gps "
    "gps坐标 "
    "定位 高德坐标 百度坐标 coordinates coordinate coords location lonlat latlon lnglat latlng "
    "lat_lon lon_lat",
    "crs": "坐标系 坐标系统 坐标类型 空间参考 crs srs datum coordinate_system",
    "city": "地级市 所属市 市 市州 地市 所在市 城市 city prefecture",
    "county": "县区 区县 县市区 县（市、区） 所属区县 所属县区 所属县 所属区 所在区县 所在县区 县 "
    "区 "
    "市县区 行政区 区域 所属区域 county district",
    "township": "乡镇 镇街 乡镇街道 街道 镇 所属街道 所属乡镇 所属镇街 所在乡镇 所在镇街 "
    "镇（街道） "
    "乡镇（街道） 乡（镇） 乡（镇、街道） 所属乡镇街道 所属镇 所在镇 所在街道 乡镇名称 街道名称 "
    "镇街名称 镇名 街镇 所属街镇 乡镇街 township town subdistrict street",
    "village": "村居 村 社区 村社区 村（社区） 村（居） 社区村 所属村 所属社区 所在村 所在社区 "
    "村名 "
    "社区名称 村名称 村委会 居委会 村居名称 所属村居 所属村社区 行政村 village community",
    "address": "地址 详细地址 机构地址 单位地址 所在地址 所在地 位置 地点 具体地址 详细位置 住所 "
    "注册地址 经营地址 设施地址 地理位置 通讯地址 address addr place full_address street_address",
    "status": "状态 运营状态 经营状态 运营情况 运营状况 营业状态 建设状态 建设情况 使用状态 "
    "机构状态 "
    "目前状态 是否运营 是否营业 是否在营 status state operating_status",
    "opened": "成立时间 开业日期 成立日期 开业时间 建成时间 建成日期 运营时间 投入使用时间 "
    "投用时间 "
    "启用时间 启用日期 开办时间 设立时间 设立日期 备案时间 备案日期 建成年份 成立年份 开业年份 "
    "投入运营时间 登记时间 登记日期 opened open_date opening_date opened_on established "
    "date_opened founded start_date opening",
    "credit_code": "统一社会信用代码 社会信用代码 信用代码 统一信用代码 统一代码 uscc credit_code "
    "unified_social_credit_code social_credit_code",
    "source": "来源 数据来源 资料来源 出处 source data_source reference",
    "provenance": "来源类别 数据类别 provenance",
    "note": "备注 说明 注 其他 附注 备注说明 情况说明 note notes remark remarks comment comments "
    "memo",
}

# Columns that are left out in every list, said as such rather than guessed at.
_IGNORED = (
    "序号 占地面积 用地面积 入住人数 入住老人数 入住率 编号序号 行号 no no. num 顺序 顺序号 fid "
    "objectid shape shape_length shape_area ogc_fid "
    "index unnamed: 0 rowid gid 序"
)

SERVICE_NAMES: dict[str, str] = {
    "全托": "全托 全日托 全托服务 全日托养 机构照护 全日照护 长期照护 住养 寄养 集中供养 "
    "full_time_care residential_care full_care",
    "日托": "日托 日间照料 日间托养 日托服务 日间托老 日照 日间照护 day_care daycare",
    "上门": "上门 上门服务 居家上门 居家服务 居家养老 入户服务 居家上门服务 home_visits home_care",
    "协调指导": "协调指导 指导协调 统筹指导 业务指导 区域协调 coordination guidance",
    "助餐": "助餐 送餐 配餐 就餐 老年餐 餐饮 用餐 膳食 助餐服务 助餐配餐 膳食服务 送餐服务 meals "
    "meal catering",
    "助浴": "助浴 洗浴 沐浴 助浴服务 bathing bath",
    "助洁": "助洁 保洁 家政 清洁 助洁服务 家政服务 cleaning housekeeping",
    "助医": "助医 医疗 巡诊 健康管理 医疗服务 健康服务 保健 陪诊 助医服务 medical medical_help "
    "health",
    "助行": "助行 出行 陪护出行 陪同出行 助行服务 mobility transport",
    "助急": "助急 紧急救援 紧急呼叫 应急救援 紧急救助 助急服务 emergency emergency_call",
    "助娱": "助娱 文娱 娱乐 文体 文化娱乐 休闲娱乐 文体活动 娱乐活动 recreation entertainment",
    "助安": "助安 安全 安全巡查 探访 探访关爱 safety",
    "康复": "康复 康复护理 康复服务 康复训练 复健 rehabilitation rehab",
    "失能照护": "失能照护 失能 失能护理 失能老人照护 失智照护 dementia_care disabled_care",
    "特困供养": "特困供养 特困 五保供养 特困人员供养 五保 destitute",
    "医养结合": "医养结合 医养 医养结合服务 medical_and_care",
    "心理": "心理 心理慰藉 精神慰藉 心理咨询 心理辅导 精神关爱 counselling counseling",
    "培训": "培训 护理员培训 家庭照护培训 技能培训 training",
}

_PERSONAL_NAME = re.compile(
    r"身份证|证件号|护照|银行卡|银行账号|电话|手机|联系方式|联系人|联络人|微信|qq号|qq$|邮箱|电子邮件"
    r"|姓名|负责人|法定代表|法人代表|法人$|院长|站长|园长|经办人|填表人|填报人|制表人|监护人|家属"
    r"|家庭住址|户籍地址|出生(日期|年月)|管理员$|护理员名单|紧急联络"
    r"|phone|mobile|^tel|telephone|contact|^idcard|idnumber|idno$|passport|email|residentname"
    r"|personname|^manager|wechat|headname|legalperson|birthday|dateofbirth"
)
_NOT_PERSONAL = re.compile(r"(是否|有无|数|人数|数量|率|合计)$|^(是否|有无)")

_SIMPLE = str.maketrans(
    "構稱類別鄉鎮縣區經緯數積樓號註備電話聯繫負責單開業時間狀態營規設標準位護務會員機點場館項參證"
    "質內編碼總實際現訂與國學醫療復來資處說樣權屬養老",
    "构称类别乡镇县区经纬数积楼号注备电话联系负责单开业时间状态营规设标准位护务会员机点场馆项参证"
    "质内编码总实际现订与国学医疗复来资处说样权属养老",
)
_JUNK = re.compile(r"[\s\W_]+")
_BRACKETED = re.compile(r"[(\[<{【〔《][^)\]>}】〕》]*[)\]>}】〕》]")
_NUMBERED = re.compile(r"^\s*[(（]?(\d{1,2}|[一二三四五六七八九十]{1,2})[)）.、．]\s*(?=\D)")


def normal(name: str) -> str:
    """Normal form of a name, brackets' content kept: "机构名称*" and "機構 名稱" are one."""
    return _JUNK.sub("", unicodedata.normalize("NFKC", name).lower()).translate(_SIMPLE)


def unbracketed(name: str) -> str:
    """Normal form without numbering in front and without what stands in brackets."""
    text = unicodedata.normalize("NFKC", name)
    return normal(_NUMBERED.sub("", _BRACKETED.sub("", text)))


@cache
def exact_names() -> dict[str, str]:
    """Field of every name as it is written; ignored columns have an empty field."""
    found = dict.fromkeys(_IGNORED.split(), "")
    for field, names in _NAMES.items():
        found.update(dict.fromkeys(names.split(), field))
        found[field] = field
    for service, names in SERVICE_NAMES.items():
        for name in names.split():
            found.setdefault(name, f"service:{service}")
    return found


@cache
def normal_names() -> dict[str, str]:
    """Field of every name in normal form."""
    found: dict[str, str] = {}
    for name, field in exact_names().items():
        found.setdefault(normal(name), field)
    found.pop("", None)
    return found


def is_personal_name(name: str) -> bool:
    """Whether a column's name says that it holds what belongs to a person."""
    form = normal(name)
    if _NOT_PERSONAL.search(form):
        return False
    return bool(_PERSONAL_NAME.search(form))


@cache
def is_header_word(text: str) -> bool:
    """Whether a cell reads like the name of a column that is known, wanted or not."""
    if not text or len(text) > 40:
        return False
    names = normal_names()
    form = normal(text)
    if not form:
        return False
    return form in names or unbracketed(text) in names or (len(form) <= 10 and _personal_word(form))


def is_service_word(text: str) -> bool:
    """Whether a text names a service, which may be the name of a column or a value."""
    return normal_names().get(normal(text), "").startswith("service:")


def _personal_word(form: str) -> bool:
    """Names such as 联系电话 or 老人姓名, and not a line such as 填表人张三."""
    match = _PERSONAL_NAME.search(form)
    return bool(match) and form.endswith(("号", "码", "话", "机", "名", "人", "式", "址", "phone"))
