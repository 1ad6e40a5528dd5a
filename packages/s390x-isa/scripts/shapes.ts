// Operand shapes of the source list's format column, in the notation of parseShape(): the Principles of Operation format
// and the operands in assembler order.
const table = `
E E
IE_UU IE i1,i2
MII_UPP MII m1,ri2,ri3
RIE_R0IU RIE-a r1,i2s,m3
RIE_R0UU RIE-a r1,i2,m3
RIE_RRI0 RIE-d r1,r3,i2s~36:4
RIE_RRP RIE-e r1,r3,ri2~32:8
RIE_RRPU RIE-b r1,r2,m3,ri4~36:4
RIE_RRUUU RIE-f r1,r2,i3,i4,i5?
RIE_RUI0 RIE-g r1,i2s,m3
RIE_RUPI RIE-c r1,i2s,m3,ri4
RIE_RUPU RIE-c r1,i2,m3,ri4
RIL_RI RIL-a r1,i2s
RIL_RP RIL-b r1,ri2
RIL_RU RIL-a r1,i2
RIL_UP RIL-c m1,ri2
RIS_RURDI RIS r1,i2s,m3,d4(b4)
RIS_RURDU RIS r1,i2,m3,d4(b4)
RI_RI RI-a r1,i2s
RI_RP RI-b r1,ri2
RI_RU RI-a r1,i2
RI_UP RI-c m1,ri2
RRE_00 RRE
RRE_AA RRE a1,a2
RRE_AR RRE a1,r2
RRE_F0 RRE f1
RRE_FE0 RRE f1p
RRE_FEF RRE f1p,f2
RRE_FEFE RRE f1p,f2p
RRE_FER RRE f1p,r2
RRE_FF RRE f1,f2
RRE_FFE RRE f1,f2p
RRE_FR RRE f1,r2
RRE_R0 RRE r1
RRE_RA RRE r1,a2
RRE_RER RRE r1p,r2
RRE_RERE RRE r1p,r2p
RRE_RF RRE r1,f2
RRE_RFE RRE r1,f2p
RRE_RR RRE r1,r2
RRF_0UFEF RRF-d f1p,f2,m4
RRF_0UFF RRF-d f1,f2,m4
RRF_0UREFE RRF-d r1p,f2p,m4
RRF_0URF RRF-d r1,f2,m4
RRF_F0FF RRD f1,f3,f2
RRF_F0FF2 RRF-b f1,f3,f2
RRF_F0FR RRF-b f1,f3,r2
RRF_FE0FER RRF-b f1p,f3p,r2
RRF_FE0FF RRD f1p,f3,f2
RRF_FEFERU RRF-b f1p,f3p,r2,m4
RRF_FEUFEFE RRF-b f1p,f3p,f2p,m4
RRF_FEUFEFE2 RRF-a f1p,f2p,f3p,m4
RRF_FFRU RRF-b f1,f3,r2,m4
RRF_FUFF RRF-b f1,f3,f2,m4
RRF_FUFF2 RRF-a f1,f2,f3,m4
RRF_R0RER RRF-a r1p,r2,r3~20:4
RRF_R0RR RRF-b r1,r3,r2~20:4
RRF_R0RR2 RRF-a r1,r2,r3~20:4
RRF_RURR RRF-a r1,r2,r3,m4
RRF_RURR2 RRF-b r1,r3,r2,m4
RRF_U0FEFE RRF-e f1p,m3,f2p
RRF_U0FF RRF-e f1,m3,f2
RRF_U0RER RRF-c r1p,r2,m3
RRF_U0RERE RRF-c r1p,r2p,m3
RRF_U0RF RRF-e r1,m3,f2
RRF_U0RFE RRF-e r1,m3,f2p
RRF_U0RR RRF-c r1,r2,m3
RRF_UUFEFE RRF-e f1p,m3,f2p,m4
RRF_UUFER RRF-e f1p,m3,r2,m4
RRF_UUFF RRF-e f1,m3,f2,m4
RRF_UUFFE RRF-e f1,m3,f2p,m4
RRF_UUFR RRF-e f1,m3,r2,m4
RRF_UURF RRF-e r1,m3,f2,m4
RRF_UURFE RRF-e r1,m3,f2p,m4
RRR_F0FF RRF-a f1,f2,f3
RRR_FE0FEFE RRF-a f1p,f2p,f3p
RRS_RRRDU RRS r1,r2,m3,d4(b4)
RR_FEF RR f1p,f2
RR_FEFE RR f1p,f2p
RR_FF RR f1,f2
RR_FFE RR f1,f2p
RR_R0 RR r1
RR_RER RR r1p,r2
RR_RR RR r1,r2
RR_U0 I i1
RR_UR RR m1,r2
RSE_RRRD RSY-a r1,r3,d2(b2)
RSI_RRP RSI r1,r3,ri2
RSL_LRDFEU RSL-b f1p,d2(l2,b2),m3
RSL_LRDFU RSL-b f1,d2(l2,b2),m3
RSL_R0RD RSL-a d1(l1,b1)
RSY_AARD RSY-a a1,a3,d2(b2)
RSY_CCRD RSY-a c1,c3,d2(b2)
RSY_RERERD RSY-a r1p,r3p,d2(b2)
RSY_RRRD RSY-a r1,r3,d2(b2)
RSY_RURD RSY-b r1,m3,d2(b2)
RSY_RURD2 RSY-b r1,d2(b2),m3
RS_AARD RS-a a1,a3,d2(b2)
RS_CCRD RS-a c1,c3,d2(b2)
RS_R0RD RS-a r1,d2(b2)
RS_RE0RD RS-a r1p,d2(b2)
RS_RERERD RS-a r1p,r3p,d2(b2)
RS_RRRD RS-a r1,r3,d2(b2)
RS_RURD RS-b r1,m3,d2(b2)
RXE_FERRD RXE f1p,d2(x2,b2)
RXE_FRRD RXE f1,d2(x2,b2)
RXE_RRRD RXY-a r1,d2(x2,b2)
RXE_RRRDU RXE r1,d2(x2,b2),m3
RXF_FERRDFE RXF f1p,f3p,d2(x2,b2)
RXF_FRRDF RXF f1,f3,d2(x2,b2)
RXF_FRRDFE RXF f1p,f3,d2(x2,b2)
RXY_FRRD RXY-a f1,d2(x2,b2)
RXY_RERRD RXY-a r1p,d2(x2,b2)
RXY_RRRD RXY-a r1,d2(x2,b2)
RXY_URRD RXY-b m1,d2(x2,b2)
RX_FERRD RX-a f1p,d2(x2,b2)
RX_FRRD RX-a f1,d2(x2,b2)
RX_RERRD RX-a r1p,d2(x2,b2)
RX_RRRD RX-a r1,d2(x2,b2)
RX_URRD RX-b m1,d2(x2,b2)
SIL_RDI SIL d1(b1),i2s
SIL_RDU SIL d1(b1),i2
SIY_IRD SIY d1(b1),i2s
SIY_RD SIY d1(b1)
SIY_URD SIY d1(b1),i2
SI_RD SI d1(b1)~8:8
SI_URD SI d1(b1),i2
SMI_U0RDP SMI m1,ri2,d3(b3)
SSE_RDRD SSE d1(b1),d2(b2)
SSF_RERDRD2 SSF r3p,d1(b1),d2(b2)
SSF_RRDRD SSF d1(b1),d2(b2),r3
SS_L0RDRD SS-a d1(l,b1),d2(b2)
SS_L2RDRD SS-f d1(b1),d2(l2,b2)
SS_LIRDRD SS-c d1(l1,b1),d2(b2),i3
SS_LLRDRD SS-b d1(l1,b1),d2(l2,b2)
SS_RRRDRD SS-d d1(r1,b1),d2(b2),r3
SS_RRRDRD2 SS-e r1,d2(b2),r3,d4(b4)
SS_RRRDRD3 SS-e r1,r3,d2(b2),d4(b4)
S_00 S
S_RD S d2(b2)
VRI_V0IU VRI-a v1,i2s,m3
VRI_V0U VRI-a v1,i2
VRI_V0UU2 VRI-h v1,i2,i3
VRI_V0UUU VRI-b v1,i2,i3,m4
VRI_VR0UU VRI-i v1,r2,i3,m4
VRI_VVUU VRI-c v1,v3,i2,m4
VRI_VVUUU VRI-e v1,v2,i3,m4,m5
VRI_VVUUU2 VRI-g v1,v2,i3,i4,m5
VRI_VVV0U VRI-d v1,v2,v3,i4
VRI_VVV0UU VRI-d v1,v2,v3,i4,m5
VRI_VVV0UU2 VRI-f v1,v2,v3,i4,m5
VRR_0V VRR-g v1
VRR_0VV0U VRR-h v1,v2,m3
VRR_RV0U VRR-i r1,v2,m3
VRR_RV0UU VRR-i r1,v2,m3,m4
VRR_VRR VRR-f v1,r2,r3
VRR_VV VRR-a v1,v2
VRR_VV0U VRR-a v1,v2,m3
VRR_VV0U0U VRR-a v1,v2,m3,m5
VRR_VV0U2 VRR-k v1,v2,m3
VRR_VV0UU2 VRR-a v1,v2,m3,m4
VRR_VV0UUU VRR-a v1,v2,m3,m4,m5
VRR_VVV VRR-c v1,v2,v3
VRR_VVV0U VRR-c v1,v2,v3,m4
VRR_VVV0U0 VRR-j v1,v2,v3,m4
VRR_VVV0U0U VRR-b v1,v2,v3,m4,m5
VRR_VVV0UU VRR-c v1,v2,v3,m4,m5
VRR_VVV0UUU VRR-c v1,v2,v3,m4,m5,m6
VRR_VVV0V VRR-e v1,v2,v3,v4
VRR_VVVU0UV VRR-e v1,v2,v3,v4,m5,m6
VRR_VVVU0V VRR-d v1,v2,v3,v4,m5
VRR_VVVUU0V VRR-d v1,v2,v3,v4,m5,m6
VRS_RRDV VRS-d v1,r3,d2(b2)
VRS_RVRDU VRS-c r1,v3,d2(b2),m4
VRS_VRRD VRS-b v1,r3,d2(b2)
VRS_VRRDU VRS-b v1,r3,d2(b2),m4
VRS_VVRDU VRS-a v1,v3,d2(b2),m4
VRV_VVXRDU VRV v1,d2(v2,b2),m3
VRX_VRRDU VRX v1,d2(x2,b2),m3
VRX_VV VRR-a v1,v2
VSI_URDV VSI v1,d2(b2),i3
RIE_R0I0 RIE-a r1,i2s
RIE_R0PI RIE-c r1,i2s,ri4
RIE_R0PU RIE-c r1,i2,ri4
RIE_R0U0 RIE-a r1,i2
RIE_RRP0 RIE-b r1,r2,ri4~36:4
RIE_RRUUU2 RIE-f r1,r2,i3,i4:6,i5?
RIL_0P RIL-c ri2
RIS_R0RDI RIS r1,i2s,d4(b4)
RIS_R0RDU RIS r1,i2,d4(b4)
RI_0P RI-c ri2
RRF_00RR RRF-c r1,r2
RRF_R0RR3 RRF-a r1,r2,r3
RRS_RRRD0 RRS r1,r2,d4(b4)
RR_0R RR r2
RSY_R0RD RSY-b r1,d2(b2)
RXY_0RRD RXY-b d2(x2,b2)
RX_0RRD RX-b d2(x2,b2)
VRI_V VRI-a v1
VRI_V0I VRI-a v1,i2s
VRI_V0UU VRI-b v1,i2,i3
VRI_VVU VRI-c v1,v3,i2
VRI_VVU2 VRI-e v1,v2,i3
VRR_VV0UU VRR-a v1,v2,m4,m5
VRR_VV0UU8 VRR-a v1,v2,m4|8,m5
VRR_VV0U2:VRR-a VRR-a v1,v2,m5
VRR_VVV0U0:VRR-b VRR-b v1,v2,v3,m5
VRR_VVV0U0:VRR-c VRR-c v1,v2,v3,m6
VRR_VVV0U1 VRR-b v1,v2,v3,m5|1
VRR_VVV0U2 VRR-b v1,v2,v3,m5|2
VRR_VVV0U3 VRR-b v1,v2,v3,m5|3
VRR_VVV2 VRR-c v1,v2=v3
VRR_VVVU0VB VRR-d v1,v2,v3,v4,m6
VRR_VVVU0VB1 VRR-d v1,v2,v3,v4,m6|1
VRR_VVVU0VB2 VRR-d v1,v2,v3,v4,m6|2
VRR_VVVU0VB3 VRR-d v1,v2,v3,v4,m6|3
VRR_VVVV VRR-e v1,v2,v3,v4
VRS_RVRD VRS-c r1,v3,d2(b2)
VRS_VVRD VRS-a v1,v3,d2(b2)
VRX_VRRD VRX v1,d2(x2,b2)
`;

/** Format column of the source list to "format shape". */
export const shapes: ReadonlyMap<string, string> = new Map(
  table
    .trim()
    .split("\n")
    .map((line) => {
      const [key = "", ...rest] = line.split(" ");
      return [key, rest.join(" ")];
    }),
);

/** Instructions whose operands the source list does not give, or gives only in part. */
export const shapeOf: Readonly<Record<string, string>> = {
  servc: "RRE r1,r2",
  chsc: "RRE r1",
  pcistb: "RSY-a r1,r3,d2(b2)",
  sic: "RSY-a r1,r3,d2(b2)",
  clp: "RRF-c r1,r2,m3?",
  pcistg: "RRE r1,r2",
  pcilg: "RRE r1,r2",
  rpcit: "RRE r1,r2",
  mpcifc: "RXY-a r1,d2(x2,b2)",
  stpcifc: "RXY-a r1,d2(x2,b2)",
  "cutfu:RRE_RR": "RRE r1p,r2p",
};

/** Instructions that always need the supervisor state, where the source list is silent. */
export const privileged: ReadonlySet<string> = new Set(
  (
    "cspg lasp lptea esea strag sturg lurag stura lura sie pgin pgout sckpf sal schm trace tracg palb rdp irbm rrbm pfmf essa tpei lpp ptf " +
    "lcctl lpctl lsctl qctri qsi scctr spctr pckmo stsi stfl lbear stbear lpswey qpaci crdte idte ipte tprot lra lray lrag"
  ).split(" "),
);

/** Semiprivileged instructions (chapter 10): allowed in the problem state under an authority that the instruction checks. */
export const semiprivileged: ReadonlySet<string> = new Set(
  (
    "bsa bsg epair epar esair esar iac ipk ivsk mvcdk mvck mvcos mvcp mvcs mvcsk pc pr pt pti rp sac sacf spka ssair ssar " +
    "ecctr ecpga epctr"
  ).split(" "),
);

/** Of several mnemonics with the same fixed bits, GNU objdump prints the first of the list, except for these newer names. */
export const printed: ReadonlySet<string> = new Set("prno vflls wflls vfll vcfps vcfpl vcsfp vclfp vflr vflrd wflrd".split(" "));
