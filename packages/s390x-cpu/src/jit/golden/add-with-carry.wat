;; # The sum of two numbers of 256 bits: a chain of carries.
;; # jit entry again
;;         larl  %r2,a
;;         larl  %r3,b
;;         lghi  %r1,24
;;         lghi  %r4,4
;;         lghi  %r5,0
;;         algr  %r5,%r5          # condition code 0: no carry
;; again:  lg    %r0,0(%r1,%r2)
;;         alcg  %r0,0(%r1,%r3)
;;         stg   %r0,0(%r1,%r2)
;;         lay   %r1,-8(%r1)
;;         brctg %r4,again
;;         lghi  %r5,0
;;         alcgr %r5,%r5
;;         svc   255
;;         .align 8
;; a:      .quad 0xffffffffffffffff,1,0xffffffffffffffff,0xffffffffffffffff
;; b:      .quad 0,2,0,1
;;
;; 64-bit mode, 8 guest instructions in 2 blocks, 771 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r2 i64) (local $r1 i64) (local $t17 i64) (local $t18 i64) (local $t19 i32) (local $t20 i32) (local $t21 i32) (local $t22 i64)
    (local $r0 i64) (local $r3 i64) (local $t25 i64) (local $t26 i32) (local $t27 i64) (local $t28 i64) (local $t29 i64) (local $t30 i32)
    (local $r4 i64) (local $r5 i64) (local $t33 i32)

    ;; entry: budget, registers and condition code into locals
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r0 (i64.load (i32.const 1024)) (; %r0 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $r5 (i64.load (i32.const 1064)) (; %r5 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_leave

          ;; 1001c again: lg %r0,0(%r1,%r2)
          (local.set $t17 (i64.add (local.get $r2) (local.get $r1)))
          (local.set $t18 (local.get $t17))
          (local.set $t19 (i32.wrap_i64 (local.get $t18)))
          (local.set $t20 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t19) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t20)) (local.get $t18)) (i64.const -4089)) (then
            (local.set $end (i32.const 29))
            (br $to_leave)
          ) (else
            (local.set $t21 (i32.sub (i32.load offset=8 (local.get $t20)) (local.get $t19)))
          ))
          (local.set $t22 (i64.load offset=8 (local.get $t21)))
          (local.set $r0 (local.get $t22))

          ;; 10022: alcg %r0,0(%r1,%r3)
          (local.set $t22 (i64.add (local.get $r3) (local.get $r1)))
          (local.set $t18 (local.get $t22))
          (local.set $t21 (i32.wrap_i64 (local.get $t18)))
          (local.set $t20 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t21) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t20)) (local.get $t18)) (i64.const -4089)) (then
            (local.set $end (i32.const 35))
            (br $to_leave)
          ) (else
            (local.set $t19 (i32.sub (i32.load offset=8 (local.get $t20)) (local.get $t21)))
          ))
          (local.set $t17 (i64.load offset=8 (local.get $t19)))
          (local.set $t25 (local.get $r0))
          (if (local.get $cc_kind) (then
            (local.set $t26
              (call $conditionCode
                (local.get $cc_kind)
                (local.get $cc_a32)
                (local.get $cc_b32)
                (local.get $cc_a64)
                (local.get $cc_b64)
                (local.get $cc_af64)
                (local.get $cc_bf64)))
          ) (else
            (local.set $t26 (local.get $cc))
          ))
          (local.set $cc (local.get $t26))
          (local.set $cc_kind (i32.const 0))
          (local.set $t27 (i64.extend_i32_u (i32.shr_u (local.get $cc) (i32.const 1))))
          (local.set $t28 (i64.add (local.get $t25) (local.get $t17)))
          (local.set $t29 (i64.add (local.get $t28) (local.get $t27)))
          (local.set $r0 (local.get $t29))
          (local.set $t30 (i32.or (i64.lt_u (local.get $t28) (local.get $t25)) (i64.lt_u (local.get $t29) (local.get $t28))))
          (local.set $cc_a64 (local.get $t29))
          (local.set $cc_a32 (local.get $t30))
          (local.set $cc_kind (i32.const 16))

          ;; 10028: stg %r0,0(%r1,%r2)
          (local.set $t29 (i64.add (local.get $r2) (local.get $r1)))
          (local.set $t28 (local.get $r0))
          (local.set $t27 (local.get $t29))
          (local.set $t30 (i32.wrap_i64 (local.get $t27)))
          (local.set $t26 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t30) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load offset=16384 (local.get $t26)) (local.get $t27)) (i64.const -4089)) (then
            (local.set $end (i32.const 41))
            (br $to_leave)
          ) (else
            (i64.store offset=8 (i32.sub (i32.load offset=16392 (local.get $t26)) (local.get $t30)) (local.get $t28))
          ))

          ;; 1002e: lay %r1,-8(%r1)
          (local.set $t27 (i64.add (local.get $r1) (i64.const -8)))
          (local.set $r1 (local.get $t27))

          ;; 10034: brctg %r4,again
          (local.set $t27 (i64.sub (local.get $r4) (i64.const 1)))
          (local.set $r4 (local.get $t27))
          (local.set $t26 (i64.ne (local.get $t27) (i64.const 0)))
          (if (local.get $t26) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 28))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 10038: lghi %r5,0
            (local.set $r5 (i64.const 0))

            ;; 1003c: alcgr %r5,%r5
            (local.set $t27 (local.get $r5))
            (local.set $t28 (local.get $r5))
            (local.set $t29 (i64.extend_i32_u (local.get $cc_a32)))
            (local.set $t25 (i64.add (local.get $t28) (local.get $t27)))
            (local.set $t17 (i64.add (local.get $t25) (local.get $t29)))
            (local.set $r5 (local.get $t17))
            (local.set $t26 (i32.or (i64.lt_u (local.get $t25) (local.get $t28)) (i64.lt_u (local.get $t17) (local.get $t25))))
            (local.set $cc_a64 (local.get $t17))
            (local.set $cc_a32 (local.get $t26))
            (local.set $cc_kind (i32.const 16))

            ;; 10040: svc 255
            (local.set $end (i32.const 64))
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
    (i64.store (i32.const 1024) (local.get $r0)) (; %r0 ;)
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (i64.store (i32.const 1064) (local.get $r5)) (; %r5 ;)
    (if (local.get $cc_kind) (then
      (local.set $t33
        (call $conditionCode
          (local.get $cc_kind)
          (local.get $cc_a32)
          (local.get $cc_b32)
          (local.get $cc_a64)
          (local.get $cc_b64)
          (local.get $cc_af64)
          (local.get $cc_bf64)))
    ) (else
      (local.set $t33 (local.get $cc))
    ))
    (i32.store (i32.const 2072) (local.get $t33)) (; CC ;)
    (i64.store (i32.const 2064) (local.get $address)) (; PSW_ADDRESS ;)
    (i32.store (i32.const 2112) (local.get $budget)) (; BUDGET ;)
    (i32.and (local.get $end) (i32.const 1))
  )
)
