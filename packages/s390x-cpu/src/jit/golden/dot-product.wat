;; # The dot product of two vectors of doubles.
;; # jit entry again
;; # jit bfp settled
;;         larl  %r2,a
;;         larl  %r3,b
;;         lghi  %r1,0
;;         lghi  %r4,3
;;         lzdr  %f0
;; again:  ld    %f2,0(%r1,%r2)
;;         mdb   %f2,0(%r1,%r3)
;;         adbr  %f0,%f2
;;         aghi  %r1,8
;;         brctg %r4,again
;;         svc   255
;;         .align 8
;; a:      .quad 0x3ff8000000000000,0x4000000000000000,0xbff0000000000000
;; b:      .quad 0x4010000000000000,0x3fe0000000000000,0x4008000000000000
;;
;; 64-bit mode, 6 guest instructions in 2 blocks, 757 bytes of WebAssembly

(module
  (import "env" "memory" (memory 1060 1060))
  (import "env" "conditionCode" (func $conditionCode (param i32 i32 i32 i64 i64 f64 f64) (result i32)))
  (func $region (export "region") (param $base i64) (result i32)
    (local $cc i32) (local $cc_kind i32) (local $cc_a32 i32) (local $cc_b32 i32) (local $cc_a64 i64) (local $cc_b64 i64) (local $cc_af64 f64)
    (local $cc_bf64 f64) (local $address i64) (local $end i32) (local $budget i32) (local $next i32) (local $count i32) (local $bank i32)
    (local $r2 i64) (local $r1 i64) (local $t17 i64) (local $t18 i64) (local $t19 i32) (local $t20 i32) (local $t21 i32) (local $t22 f64)
    (local $f2 f64) (local $r3 i64) (local $t25 f64) (local $t26 f64) (local $f0 f64) (local $t28 f64) (local $t29 i64) (local $r4 i64)
    (local $t31 i32)

    ;; entry: budget, registers and condition code into locals
    (if
      (i32.xor
        (i32.or
          (i32.and (i32.load (i32.const 2048)) (; FPC ;) (i32.const 0xf8080007))
          (i32.and (i32.load (i32.const 1280)) (i32.const 0x40000)))
        (i32.const 0xc0000))
    (then
      (return (i32.const 3))
    ))
    (local.set $bank (i32.load (i32.const 2100)) (; BANK ;))
    (local.set $budget (i32.load (i32.const 2112)) (; BUDGET ;))
    (local.set $next (i32.const 1))
    (local.set $r2 (i64.load (i32.const 1040)) (; %r2 ;))
    (local.set $r1 (i64.load (i32.const 1032)) (; %r1 ;))
    (local.set $r3 (i64.load (i32.const 1048)) (; %r3 ;))
    (local.set $r4 (i64.load (i32.const 1056)) (; %r4 ;))
    (local.set $f2 (f64.load (i32.const 1576)) (; %f2 ;))
    (local.set $f0 (f64.load (i32.const 1544)) (; %f0 ;))
    (local.set $cc (i32.load (i32.const 2072)) (; CC ;))
    (block $to_exit
      (loop $loop_again
        (block $to_leave

          ;; 10018 again: ld %f2,0(%r1,%r2)
          (local.set $t17 (i64.add (local.get $r2) (local.get $r1)))
          (local.set $t18 (local.get $t17))
          (local.set $t19 (i32.wrap_i64 (local.get $t18)))
          (local.set $t20 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t19) (i32.const 8)) (i32.const 16368))))
          (if (i64.lt_u (i64.sub (i64.load (local.get $t20)) (local.get $t18)) (i64.const -4089)) (then
            (local.set $end (i32.const 25))
            (br $to_leave)
          ) (else
            (local.set $t21 (i32.sub (i32.load offset=8 (local.get $t20)) (local.get $t19)))
          ))
          (local.set $t22 (f64.load offset=8 (local.get $t21)))
          (local.set $f2 (local.get $t22))

          ;; 1001c: mdb %f2,0(%r1,%r3)
          (block $to_10022
            (local.set $t18 (i64.add (local.get $r3) (local.get $r1)))
            (local.set $t17 (local.get $t18))
            (local.set $t21 (i32.wrap_i64 (local.get $t17)))
            (local.set $t20 (i32.add (local.get $bank) (i32.and (i32.shr_u (local.get $t21) (i32.const 8)) (i32.const 16368))))
            (if (i64.lt_u (i64.sub (i64.load (local.get $t20)) (local.get $t17)) (i64.const -4089)) (then
              (local.set $end (i32.const 29))
              (br $to_leave)
            ) (else
              (local.set $t19 (i32.sub (i32.load offset=8 (local.get $t20)) (local.get $t21)))
            ))
            (local.set $t22 (f64.load offset=8 (local.get $t19)))
            (local.set $t25 (local.get $f2))
            (local.set $t26 (f64.mul (local.get $t25) (local.get $t22)))
            (block $b1
              (if
                (i32.eqz
                  (i32.lt_u
                    (i32.sub
                      (i32.and (i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (local.get $t26)) (i64.const 32))) (i32.const 0x7ff00000))
                      (i32.const 0x200000))
                    (i32.const 0x7fd00000)))
              (then
                (br_if $b1 (f64.ne (local.get $t26) (f64.const 0)))
                (br_if $b1 (i32.eqz (i32.or (f64.eq (local.get $t25) (f64.const 0)) (f64.eq (local.get $t22) (f64.const 0)))))
              ))
              (local.set $f2 (local.get $t26))
              (br $to_10022)
            )
            (local.set $end (i32.const 29))
            (br $to_leave)
          )

          ;; 10022: adbr %f0,%f2
          (block $to_10026
            (local.set $t26 (local.get $f2))
            (local.set $t25 (local.get $f0))
            (local.set $t22 (f64.add (local.get $t25) (local.get $t26)))
            (block $b2
              (br_if $b2 (i32.eqz (f64.lt (f64.abs (local.get $t22)) (f64.const inf))))
              (local.set $f0 (local.get $t22))
              (local.set $t28 (local.get $t22))
              (local.set $cc_bf64 (f64.const 0))
              (local.set $cc_af64 (local.get $t28))
              (local.set $cc_kind (i32.const 15))
              (br $to_10026)
            )
            (local.set $end (i32.const 35))
            (br $to_leave)
          )

          ;; 10026: aghi %r1,8
          (local.set $t17 (local.get $r1))
          (local.set $t18 (i64.add (local.get $t17) (i64.const 8)))
          (local.set $r1 (local.get $t18))
          (local.set $t29 (local.get $t17))
          (local.set $cc_b64 (i64.const 8))
          (local.set $cc_a64 (local.get $t29))
          (local.set $cc_kind (i32.const 8))

          ;; 1002a: brctg %r4,again
          (local.set $t29 (i64.sub (local.get $r4) (i64.const 1)))
          (local.set $r4 (local.get $t29))
          (local.set $t19 (i64.ne (local.get $t29) (i64.const 0)))
          (if (local.get $t19) (then
            (local.set $budget (i32.sub (local.get $budget) (i32.const 1)))
            (if (i32.lt_s (local.get $budget) (i32.const 0)) (then
              (local.set $end (i32.const 24))
              (br $to_leave)
            ))
            (br $loop_again)
          ))
          (block $to_leave'

            ;; 1002e: svc 255
            (local.set $end (i32.const 46))
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
    (i64.store (i32.const 1032) (local.get $r1)) (; %r1 ;)
    (i64.store (i32.const 1056) (local.get $r4)) (; %r4 ;)
    (f64.store (i32.const 1576) (local.get $f2)) (; %f2 ;)
    (f64.store (i32.const 1544) (local.get $f0)) (; %f0 ;)
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
