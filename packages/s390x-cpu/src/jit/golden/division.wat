;; # The digits of a number, and a quotient of 128 bits by 64.
;; # jit entry digit
;;         llilf %r5,1234567890
;;         lghi  %r3,10
;;         larl  %r2,end
;; digit:  lghi  %r4,0
;;         dlgr  %r4,%r3
;;         ahi   %r4,48
;;         aghi  %r2,-1
;;         stc   %r4,0(%r2)
;;         ltgr  %r5,%r5
;;         jne   digit
;;         lghi  %r0,3
;;         lgr   %r1,%r3
;;         dlgr  %r0,%r3
;;         lgr   %r7,%r1
;;         lgrl  %r8,divisor
;;         dsgr  %r6,%r8
;;         svc   255
;;         .space 10
;; end:    .align 8
;; divisor: .quad -7
;;
;; 64-bit mode, 14 guest instructions in 2 blocks, 924 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "divideWide" (func $divideWide (param i64 i64 i64) (result i64)))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r4 i64) (local $r3 i64) (local $t17 i64) (local $t18 i64) (local $r5 i64) (local $t20 i64) (local $t21 i64) (local $t22 i32)
    (local $t23 i32) (local $t24 i32) (local $r2 i64) (local $r0 i64) (local $r1 i64) (local $r7 i64) (local $r8 i64) (local $r6 i64)
    (local $t31 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r7 (i64.load (i32.const 1080)) (; %r7 ;))
    (local.set $r8 (i64.load (i32.const 1088)) (; %r8 ;))
    (local.set $r6 (i64.load (i32.const 1072)) (; %r6 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_digit
        (block $to_leave

          ;; 10010 digit: lghi %r4,0
          (local.set $r4 (i64.const 0))

          ;; 10014: dlgr %r4,%r3
          (local.set $t17 (local.get $r3))
          (local.set $t18 (local.get $r4))
          (local.set $t20 (local.get $r5))
          (if (i64.ge_u (local.get $t18) (local.get $t17)) (then
            (local.set $end (i32.const 21))
            (br $to_leave)
          ))
          (if (i64.eqz (local.get $t18)) (then
            (local.set $t21 (i64.div_u (local.get $t20) (local.get $t17)))
          ) (else
            (local.set $t21 (call $divideWide (local.get $t18) (local.get $t20) (local.get $t17)))
          ))
          (local.set $r4 (i64.sub (local.get $t20) (i64.mul (local.get $t21) (local.get $t17))))
          (local.set $r5 (local.get $t21))

          ;; 10018: ahi %r4,48
          (local.set $t22 (i32.wrap_i64 (local.get $r4)))
          (local.set $t23 (i32.add (local.get $t22) (i32.const 48)))
          (local.set $r4 (i64.or (i64.and (local.get $r4) (i64.const 0xffffffff00000000)) (i64.extend_i32_u (local.get $t23))))
          (local.set $t24 (local.get $t22))
          (local.set $cc_b32 (i32.const 48))
          (local.set $cc_a32 (local.get $t24))
          (local.set $cc_kind (i32.const 7))

          ;; 1001c: aghi %r2,-1
          (local.set $t21 (local.get $r2))
          (local.set $t20 (i64.add (local.get $t21) (i64.const -1)))
          (local.set $r2 (local.get $t20))
          (local.set $t18 (local.get $t21))
          (local.set $cc_b64 (i64.const -1))
          (local.set $cc_a64 (local.get $t18))
          (local.set $cc_kind (i32.const 8))

          ;; 10020: stc %r4,0(%r2)
          (local.set $t18 (local.get $r2))
          (local.set $t24 (i32.wrap_i64 (local.get $r4)))
          (local.set $t20 (local.get $t18))
          (local.set $t23 (i32.wrap_i64 (local.get $t20)))
          (local.set $t22 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t23) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t22)) (local.get $t20)) (i64.const -4096)) (then
            (local.set $end (i32.const 33))
            (br $to_leave)
          ) (else
            (i32.store8 offset=15 (i32.sub (i32.load offset=16392 (local.get $t22)) (local.get $t23)) (local.get $t24))
          ))

          ;; 10024: ltgr %r5,%r5
          (local.set $t20 (local.get $r5))
          (local.set $r5 (local.get $t20))
          (local.set $t18 (local.get $t20))
          (local.set $cc_b64 (i64.const 0))
          (local.set $cc_a64 (local.get $t18))
          (local.set $cc_kind (i32.const 3))

          ;; 10028: jne digit
          (if (i64.ne (local.get $cc_a64) (local.get $cc_b64)) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 16))
              (br $to_leave)
            ))
            (br $loop_digit)
          ))
          (block $to_leave'

            ;; 1002c: lghi %r0,3
            (local.set $r0 (i64.const 3))

            ;; 10030: lgr %r1,%r3
            (local.set $r1 (local.get $r3))

            ;; 10034: dlgr %r0,%r3
            (local.set $t18 (local.get $r3))
            (local.set $t20 (local.get $r0))
            (local.set $t21 (local.get $r1))
            (if (i64.ge_u (local.get $t20) (local.get $t18)) (then
              (local.set $end (i32.const 53))
              (br $to_leave')
            ))
            (if (i64.eqz (local.get $t20)) (then
              (local.set $t17 (i64.div_u (local.get $t21) (local.get $t18)))
            ) (else
              (local.set $t17 (call $divideWide (local.get $t20) (local.get $t21) (local.get $t18)))
            ))
            (local.set $r0 (i64.sub (local.get $t21) (i64.mul (local.get $t17) (local.get $t18))))
            (local.set $r1 (local.get $t17))

            ;; 10038: lgr %r7,%r1
            (local.set $r7 (local.get $r1))

            ;; 1003c: lgrl %r8,divisor
            (local.set $t17 (i64.add (local.get $base) (i64.const 88)))
            (local.set $t21 (local.get $t17))
            (local.set $t22 (i32.wrap_i64 (local.get $t21)))
            (local.set $t23 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t22) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t23)) (local.get $t21)) (i64.const -4089)) (then
              (local.set $end (i32.const 61))
              (br $to_leave')
            ) (else
              (local.set $t24 (i32.sub (i32.load offset=8 (local.get $t23)) (local.get $t22)))
            ))
            (local.set $t20 (i64.load offset=8 (local.get $t24)))
            (local.set $r8 (local.get $t20))

            ;; 10042: dsgr %r6,%r8
            (local.set $t20 (local.get $r8))
            (local.set $t21 (local.get $r7))
            (if (i64.eqz (local.get $t20)) (then
              (local.set $end (i32.const 67))
              (br $to_leave')
            ))
            (if (i32.and (i64.eq (local.get $t21) (i64.const 0x8000000000000000)) (i64.eq (local.get $t20) (i64.const -1))) (then
              (local.set $end (i32.const 67))
              (br $to_leave')
            ))
            (local.set $t17 (i64.div_s (local.get $t21) (local.get $t20)))
            (local.set $r6 (i64.sub (local.get $t21) (i64.mul (local.get $t17) (local.get $t20))))
            (local.set $r7 (local.get $t17))

            ;; 10046: svc 255
            (local.set $end (i32.const 70))
            (br $to_leave')
            (unreachable)
          )

          ;; leave: where all exits of the block meet
          (br $to_exit)
        )

        ;; leave: where all exits of the block meet
        (br $to_exit)
      )
      (unreachable)
    )

    ;; exit: the instruction address
    (local.set $address (i64.add (local.get $base) (i64.extend_i32_s (i32.and (local.get $end) (i32.const -2)))))

    ;; store: registers that were changed, condition code, instruction address and budget back into memory
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (i64.store (i32.const 1040) (local.get $r2)) (; %r2 ;)
    (i64.store (i32.const 1024) (local.get $r0)) (; %r0 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1080) (local.get $r7)) (; %r7 ;)
    (i64.store (i32.const 1088) (local.get $r8)) (; %r8 ;)
    (i64.store (i32.const 1072) (local.get $r6)) (; %r6 ;)
    (if (local.get $cc_kind) (then
      (local.set $t31
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t31 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t31)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
