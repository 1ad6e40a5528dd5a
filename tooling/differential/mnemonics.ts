import { instruction } from "../../packages/s390x-isa/src/index.ts";

/**
 * Instructions under test, by group: what problem-state programs may do and both CPUs implement. Left out of them are
 * instructions about time (STCK, PTFF, ECTG), about what the machine is (STFLE, ECAG, EPSW, cryptographic queries), about other
 * addressing modes (SAM24, SAM31, BSM, BASSM), system calls, and what QEMU 7.2 lacks: PLO, CUSE, CFC, UPT, TRTE, TRTRE, MVCSK,
 * MVCDK, BPP, BPRP, hexadecimal and decimal floating point.
 */
const general = `
  lr ar sr alr slr lpr lnr lcr ltr nr or xr cr clr basr balr bctr bctgr clcl mvcl bcr l lh ic la st sth stc a ah s sh al sl n
  o x c ch cl ms mh bas bal bct ex lae ly lhy lb llc llh lg lgf lgh lgb llgc llgh llgf llgt lrv lrvg lrvh icy lay lbh lhh lfh
  llch llhh sty sthy stcy stfh stch sthh strv strvh stg strvg stpq ay ahy ag agf sy shy sg sgf aly alg algf sly slg slgf alc
  slb alcg slbg lt ltg ltgf ny ng oy og xy xg cy chy cg cgf cgh cly clg clgf chf clhf msy mhy msg msgf bctg laey lrl lhrl
  llhrl lgrl lgfrl lghrl llghrl llgfrl larl strl stgrl sthrl crl chrl cgrl cgfrl cghrl clrl clhrl clgrl clgfrl clghrl brasl
  brcth exrl lhi lghi ahi aghi chi cghi mhi mghi lhr lbr llcr llhr lgr lgfr lghr lgbr llgcr llghr llgfr llgtr lrvgr lrvr agr
  agfr sgr sgfr algr algfr slgr slgfr alcr slbr alcgr slbgr lpgr lngr lcgr lpgfr lngfr lcgfr ltgr ltgfr ngr ogr xgr cgr cgfr
  clgr clgfr chhr chlr clhhr clhlr msr msgr msgfr cksm mvst clst srst srstu lgfi afi agfi aih alsih alsihn cfi cgfi cih msfi
  msgfi mvi ni oi xi tm cli mviy niy oiy xiy tmy cliy mvhhi mvhi mvghi chhsi chsi cghsi locr locgr crt cgrt clrt clgrt loc
  locg stoc stocg lmg lmy lmh stmg stmy laa laal lan lao lax laag laalg lang laog laxg sllk srlk srak slak sllg srlg srag slag
  rll rllg bxhg bxleg csy csg clclu lm stm bxh bxle cs clcle lpq mfy ml mlg dl dsg dsgf dlg icm stcm clm icmy icmh stcmy stcmh
  clmy clmh ear sar lpd lpdg ark agrk srk sgrk alrk algrk slrk slgrk ahhhr ahhlr shhhr shhlr alhhhr alhhlr slhhhr slhhlr nrk
  ngrk ork ogrk xrk xgrk ahik aghik alhsik alghsik alfi algfi slfi slgfi nilf nihf oilf oihf xilf xihf iilf iihf llilf llihf
  clfi clgfi clih asi agsi alsi algsi nihh oihh iihh llihh nihl oihl iihl llihl nilh oilh iilh llilh nill oill iill llill tmll
  tmlh tmhl tmhh clhhsi clfhsi clghsi crj cgrj clrj clgrj crb cgrb clrb clgrb cij cgij cib cgib clij clgij clib clgib cit cgit
  clfit clgit sll srl sra sla sldl srdl srda slda risbg rnsbg rosbg rxsbg risbhg risblg mr dr m d mlr mlgr dlr dsgr dsgfr dlgr
  flogr tre bc brc brcl pfdrl bras brct brctg brxh brxle brxhg brxlg pfd mvc clc nc oc xc mvcin trt trtr tr ipm spm popcnt cds mvcle
  cdsy cdsg mvclu ts lam stam lamy stamy csst troo trot trto trtt`;

const floatingPoint = `
  ld le std ste ldy ley stdy stey ldr ler lxr lzdr lzer lzxr lcdfr lndfr lpdfr ldgr lgdr cpsdr efpc stfpc sfpc srnm lcxbr
  lnxbr lpxbr axbr sxbr mxbr dxbr sqxbr cxbr kxbr ltxbr adbr sdbr aebr sebr mdbr meebr  ddbr debr sqdbr sqebr cdbr cebr
  kdbr kebr ltdbr ltebr lcdbr lcebr lndbr lnebr lpdbr lpebr ldebr adb sdb aeb seb mdb meeb  ddb deb sqdb sqeb cdb ceb kdb
  keb tceb tcdb tcxb ldeb maebr msebr madbr msdbr maeb mseb madb msdb  lxeb lxdb  lxebr lxdbr ledbr fidbr fiebr cdfbr
  cdlfbr cefbr celfbr cdgbr cdlgbr cegbr celgbr cfdbr cgdbr clfdbr clgdbr cfebr cgebr clfebr clgebr ldxbr lexbr fixbr cxfbr
  cxlfbr cxgbr cxlgbr cfxbr clfxbr cgxbr clgxbr`;

const decimalAndUnicode = `
  cvd cvdy mvn mvz mvo pack unpk unpka unpku tp cu12 cu14 cu21 cu24 cu41 cu42`;

function mnemonics(text: string): readonly string[] {
  const names = text.trim().split(/\s+/);
  for (const name of names) if (!instruction(name)) throw new RangeError(`no instruction ${name}`);
  return names;
}

export const groups = {
  general: mnemonics(general),
  "floating-point": mnemonics(floatingPoint),
  decimal: mnemonics(decimalAndUnicode),
} as const;
export type Group = keyof typeof groups;
